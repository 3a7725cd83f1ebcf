{{/*
A component's pods as a peer of a NetworkPolicy. Takes {root, component}.
*/}}
{{- define "flask-redis-api.peer" -}}
- podSelector:
    matchLabels:
      {{- include "flask-redis-api.selectorLabels" . | nindent 6 }}
{{- end }}

{{/*
Egress to the name servers: UDP, and TCP for long answers.
*/}}
{{- define "flask-redis-api.dnsEgress" -}}
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
  {{- with .Values.networkPolicy.dnsTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/*
Egress to Redis, wherever it is.
*/}}
{{- define "flask-redis-api.redisEgress" -}}
{{- if eq "own" (include "flask-redis-api.redis.where" .) -}}
- ports:
    - port: 6379
  to:
    {{- include "flask-redis-api.peer" (dict "root" . "component" "redis") | nindent 4 }}
{{- else -}}
- ports:
    - port: {{ include "flask-redis-api.externalRedis.port" . }}
  {{- with .Values.externalRedis.peers }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}
