{{/*
What the chosen values risk, a line each; nothing where they risk nothing worth a word.
*/}}
{{- define "flask-redis-api.risks" -}}
{{- if eq "own" (include "flask-redis-api.redis.where" .) }}
{{- with .Values.redis }}
{{- if not .persistence.enabled }}
- redis.persistence.enabled=false: a restart of Redis' pod loses every value.
{{- else if eq .persistence.whenDeleted "Delete" }}
- redis.persistence.whenDeleted=Delete: helm uninstall deletes every value.
{{- end }}
{{- if and .persistence.enabled (eq .appendfsync "everysec") }}
- redis.appendfsync=everysec: the loss of a node may lose what was acknowledged in the last second or two, and so may a kill of Redis while a sync to its disk is under way; "always" loses nothing, for slower writes.
{{- end }}
{{- if and .persistence.enabled (eq .appendfsync "no") }}
- redis.appendfsync=no: the loss of a node may lose half a minute of acknowledged writes.
{{- end }}
{{- if not .auth.enabled }}
- redis.auth.enabled=false: whoever reaches Redis' port reads and writes everything.
{{- else if not (or .auth.existingSecret .auth.password) }}
- redis.auth: the password was made up, and each upgrade finds it again in the cluster. A tool that renders without a cluster (helm template, GitOps) would make up another one: give it redis.auth.existingSecret.
{{- end }}
{{- if ne .maxmemoryPolicy "noeviction" }}
- redis.maxmemoryPolicy={{ .maxmemoryPolicy }}: when Redis is full, values that were acknowledged disappear.
{{- end }}
{{- if not (include "flask-redis-api.redis.maxmemory" $) }}
- redis.resources.limits.memory is not set, nor redis.maxmemory: Redis grows until its node has no memory left.
{{- end }}
{{- end }}
{{- else if and .Values.networkPolicy.enabled (not .Values.externalRedis.peers) }}
- externalRedis.peers is empty: the API may reach every address on port {{ include "flask-redis-api.externalRedis.port" . }}.
{{- end }}
{{- if hasPrefix "redis://" .Values.externalRedis.url }}
- externalRedis.url is redis://, without TLS: values and password cross the network in the clear.
{{- end }}
{{- if le (include "flask-redis-api.api.fewest" . | int) 1 }}
- one API pod: the loss of its node is an outage until another is up.
{{- end }}
{{- if not .Values.networkPolicy.enabled }}
- networkPolicy.enabled=false: every pod of the cluster reaches Redis and the metrics port.
{{- else if not .Values.networkPolicy.apiFrom }}
- networkPolicy.apiFrom is empty: every pod of the cluster may use the API, which asks for no credentials.
{{- end }}
{{- with .Values.metrics }}
{{- if and .prometheusRule.enabled (not (or .serviceMonitor.enabled .podMonitor.enabled)) }}
- metrics.prometheusRule without serviceMonitor or podMonitor: FlaskRedisApiDown fires unless your Prometheus scrapes the API as the job "{{ include "flask-redis-api.job" $ }}", with the label namespace="{{ $.Release.Namespace }}".
{{- end }}
{{- end }}
{{- end }}
