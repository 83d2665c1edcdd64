{{/* What every object of this chart and its subcharts says about itself, and how every pod is confined. */}}

{{/* Labels that select the pods of one workload. Takes (dict "root" $ "name" NAME). */}}
{{- define "videostream.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{/* Labels of a pod: nothing that changes with the chart's version, or every upgrade would restart Kafka. */}}
{{- define "videostream.podLabels" -}}
{{ include "videostream.selector" . }}
app.kubernetes.io/part-of: videostream
{{- end }}

{{/* Labels of an object. Takes (dict "root" $ "name" NAME). */}}
{{- define "videostream.labels" -}}
{{ include "videostream.podLabels" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* Reference of an image. Takes (dict "root" $ "image" IMAGE); an empty tag means the chart's appVersion. */}}
{{- define "videostream.image" -}}
{{- if .image.ref -}}
{{ .image.ref }}
{{- else -}}
{{ .root.Values.global.imageRegistry | default .image.registry }}/{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- with .image.digest }}@{{ . }}{{ end }}
{{- end -}}
{{- end }}

{{/* The part of a pod spec that is the same everywhere. Takes (dict "root" $ "placement" VALUES "uid" UID). */}}
{{- define "videostream.pod" -}}
enableServiceLinks: false
{{- with .root.Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .uid }}
  runAsGroup: {{ .uid }}
  fsGroup: {{ .uid }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .placement.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .placement.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .placement.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Security context of every container. */}}
{{- define "videostream.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* A scalar of values.yaml as text: Helm reads whole numbers as floats and would print 2e+06. */}}
{{- define "videostream.scalar" -}}
{{- if and (kindIs "float64" .) (eq (float64 (int64 .)) .) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end }}

{{/* The volume claim "data" of a StatefulSet. Takes the `persistence` values. */}}
{{- define "videostream.claim" -}}
{{- if .enabled -}}
volumeClaimTemplates:
  - apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: data}
    spec: {{- include "videostream.claimSpec" . | nindent 6 }}
{{- end }}
{{- end }}

{{- define "videostream.claimSpec" -}}
accessModes: [ReadWriteOnce]
resources: {requests: {storage: {{ .size }}}}
{{- with .storageClass }}
storageClassName: {{ . }}
{{- end }}
{{- end }}

{{/* Network peers: labelled pods wherever VideoStreams may live. Takes (dict "root" $ "label" LABEL). */}}
{{- define "videostream.clients" -}}
- podSelector: {matchLabels: { {{ .label }}: "true" } }
{{- if eq .root.Values.watch.scope "cluster" }}
  namespaceSelector: {}
{{- else if eq .root.Values.watch.scope "list" }}
- podSelector: {matchLabels: { {{ .label }}: "true" } }
  namespaceSelector:
    matchExpressions:
      - {key: kubernetes.io/metadata.name, operator: In, values: {{ toJson .root.Values.watch.namespaces }}}
{{- end }}
{{- end }}
