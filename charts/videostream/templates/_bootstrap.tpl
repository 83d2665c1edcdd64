{{/* Pod of the Job that sets InfluxDB up. Takes (dict "root" $ "name" NAME "tokens" SECRET "admin" SECRET). */}}
{{- define "videostream.bootstrapPod" -}}
{{- $controller := .root.Values.controller -}}
{{- $connection := .root.Values.connections.influx.default -}}
metadata:
  labels:
    {{- include "videostream.podLabels" (dict "root" .root "name" "influxdb-bootstrap") | nindent 4 }}
    videostream.dev/influx-client: "true"
spec:
  restartPolicy: OnFailure
  serviceAccountName: {{ .name }}
  automountServiceAccountToken: true
  {{- include "videostream.pod" (dict "root" .root "placement" $controller "uid" 10001) | nindent 2 }}
  containers:
    - name: bootstrap
      image: {{ include "videostream.image" (dict "root" .root "image" $controller.image) }}
      imagePullPolicy: {{ $controller.image.pullPolicy }}
      args: [bootstrap-influx]
      securityContext: {{- include "videostream.containerSecurity" . | nindent 8 }}
      env:
        - name: POD_NAMESPACE
          valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
        - {name: INFLUX_URL, value: {{ include "videostream.influxUrl" .root | quote }}}
        - {name: INFLUX_ORG, value: {{ $connection.org | quote }}}
        - {name: INFLUX_BUCKET, value: {{ $connection.bucket | quote }}}
        - {name: INFLUX_RETENTION, value: {{ .root.Values.influxdb.retention | quote }}}
        - name: INFLUX_ADMIN_USER
          valueFrom: {secretKeyRef: {name: {{ .admin }}, key: admin-user}}
        - name: INFLUX_ADMIN_PASSWORD
          valueFrom: {secretKeyRef: {name: {{ .admin }}, key: admin-password}}
        - name: INFLUX_ADMIN_TOKEN
          valueFrom: {secretKeyRef: {name: {{ .admin }}, key: admin-token}}
        - {name: TOKEN_SECRET, value: {{ .tokens }}}
        - {name: LOG_LEVEL, value: {{ $controller.logLevel }}}
      resources:
        requests: {cpu: 20m, memory: 96Mi}
        limits: {memory: 256Mi}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
  volumes:
    - {name: tmp, emptyDir: {sizeLimit: 16Mi}}
{{- end }}
