{{/*
Named connections to Kafka and InfluxDB.

A connection is a list of projected volume sources (as in a pod's `projected.sources`): the Secret which the chart
makes, then Secrets of the user. The controller puts the list verbatim into the pods of every VideoStream that names
the connection, and its own pod mounts the same.
*/}}

{{/* All connections as JSON: {"kafka": {NAME: [SOURCE]}, "influx": {NAME: [SOURCE]}}. */}}
{{- define "videostream.connections" -}}
{{- $kafka := dict -}}
{{- range $name, $connection := .Values.connections.kafka -}}
{{- $sources := list (dict "secret" (dict "name" (printf "%s-kafka-%s" $.Release.Name $name))) -}}
{{- range $connection.secrets }}{{ $sources = append $sources (dict "secret" .) }}{{ end -}}
{{- $_ := set $kafka $name $sources -}}
{{- end -}}
{{- $influx := dict -}}
{{- range $name, $connection := .Values.connections.influx -}}
{{- $token := include "videostream.influxToken" (dict "root" $ "connection" $connection) | fromJson -}}
{{- $item := dict "key" $token.key "path" "token" -}}
{{- $settings := dict "secret" (dict "name" (printf "%s-influx-%s" $.Release.Name $name)) -}}
{{- /* Optional: a pod may start before the token exists, and reports that it has none. */ -}}
{{- $secret := dict "secret" (dict "name" $token.name "items" (list $item) "optional" true) -}}
{{- $_ := set $influx $name (list $settings $secret) -}}
{{- end -}}
{{ dict "kafka" $kafka "influx" $influx | toJson }}
{{- end }}

{{/* Secret and key of a connection's write token, as JSON. Takes (dict "root" $ "connection" CONNECTION). */}}
{{- define "videostream.influxToken" -}}
{{- if .connection.url -}}
{{ dict "name" .connection.tokenSecret.name "key" (.connection.tokenSecret.key | default "token") | toJson }}
{{- else -}}
{{ dict "name" (printf "%s-influxdb-tokens" .root.Release.Name) "key" "consumer" | toJson }}
{{- end -}}
{{- end }}

{{/* Brokers of a connection; without any it is the chart's own Kafka. Takes (dict "root" $ "connection" CONNECTION). */}}
{{- define "videostream.bootstrapServers" -}}
{{ .connection.bootstrapServers | default (printf "%s-kafka.%s.svc:9092" .root.Release.Name .root.Release.Namespace) }}
{{- end }}

{{/* URL of the chart's own InfluxDB. */}}
{{- define "videostream.influxUrl" -}}
http://{{ .Release.Name }}-influxdb.{{ .Release.Namespace }}.svc:8086
{{- end }}
