{{/* The broker's properties, as a JSON object; kafka.config overrides them one by one. */}}
{{- define "kafka.properties" -}}
{{- $service := printf "%s-kafka.%s.svc" .Release.Name .Release.Namespace -}}
{{- $listeners := list "CLIENT://:9092" "CONTROLLER://:9093" -}}
{{- $advertised := list (printf "CLIENT://%s:9092" $service) -}}
{{- $protocols := list "CLIENT:PLAINTEXT" "CONTROLLER:PLAINTEXT" -}}
{{- with .Values.external -}}
{{- if .enabled -}}
{{- $port := .advertisedPort | default .nodePort | int -}}
{{- $listeners = append $listeners "EXTERNAL://:9094" -}}
{{- $advertised = append $advertised (printf "EXTERNAL://%s:%d" .advertisedHost $port) -}}
{{- $protocols = append $protocols "EXTERNAL:PLAINTEXT" -}}
{{- end -}}
{{- end -}}
{{- $properties := dict
  "node.id" "1"
  "process.roles" "broker,controller"
  "controller.quorum.voters" "1@localhost:9093"
  "controller.listener.names" "CONTROLLER"
  "listeners" (join "," $listeners)
  "advertised.listeners" (join "," $advertised)
  "listener.security.protocol.map" (join "," $protocols)
  "inter.broker.listener.name" "CLIENT"
  "log.dirs" "/var/lib/kafka/data/kraft"
  "message.max.bytes" "2097152"
  "auto.create.topics.enable" "false"
  "group.initial.rebalance.delay.ms" "0"
  "offsets.topic.replication.factor" "1"
  "transaction.state.log.replication.factor" "1"
  "transaction.state.log.min.isr" "1"
  "share.coordinator.state.topic.replication.factor" "1"
  "share.coordinator.state.topic.min.isr" "1"
-}}
{{- range $property, $value := .Values.config -}}
{{- $_ := set $properties $property (include "videostream.scalar" $value) -}}
{{- end -}}
{{ toJson $properties }}
{{- end }}

{{/* Name of the environment variable that the image turns into a property: "." is _, "_" is __, "-" is ___. */}}
{{- define "kafka.variable" -}}
KAFKA_{{ . | replace "_" "__" | replace "-" "___" | replace "." "_" | upper }}
{{- end }}

{{/* A cluster id is 16 bytes in base64url. It comes from the names, so that a kept volume fits again. */}}
{{- define "kafka.clusterId" -}}
{{ printf "%s/%s" .Release.Namespace .Release.Name | sha256sum | trunc 21 }}A
{{- end }}
