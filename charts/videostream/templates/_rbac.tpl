{{/* What the controller may do where it watches. No verb on secrets: pods mount them by name. */}}
{{- define "videostream.controllerRules" -}}
- apiGroups: [videostream.dev]
  resources: [videostreams]
  verbs: [get, list, watch, patch] # patch: the finalizer
- apiGroups: [videostream.dev]
  resources: [videostreams/status]
  verbs: [patch]
- apiGroups: [videostream.dev]
  resources: [videostreams/finalizers]
  verbs: [update] # for blockOwnerDeletion in the owner references of the children
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch] # create and patch: server-side apply; owner references delete them
- apiGroups: [apps]
  resources: [deployments/scale]
  verbs: [patch]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{/* Namespaces with a Role for the controller, as a JSON list; empty with watch.scope=cluster. */}}
{{- define "videostream.watchNamespaces" -}}
{{- $namespaces := list -}}
{{- if eq .Values.watch.scope "release" }}{{ $namespaces = list .Release.Namespace }}{{ end -}}
{{- if eq .Values.watch.scope "list" }}{{ $namespaces = .Values.watch.namespaces }}{{ end -}}
{{ toJson $namespaces }}
{{- end }}
