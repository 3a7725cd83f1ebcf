{{/*
redis.conf, less the password.
*/}}
{{- define "flask-redis-api.redis.config" -}}
dir /data
{{- if .Values.redis.persistence.enabled }}
appendonly yes
appendfsync {{ .Values.redis.appendfsync }}
{{- else }}
appendonly no
{{- end }}
save ""
{{- with include "flask-redis-api.redis.maxmemory" . }}
maxmemory {{ . }}
{{- end }}
maxmemory-policy {{ .Values.redis.maxmemoryPolicy }}
{{- with .Values.redis.extraConfig }}
{{ . | trim }}
{{- end }}
{{- end }}
