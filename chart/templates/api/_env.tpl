{{/*
The API's environment. Its own port is fixed: the Service decides what callers see.
*/}}
{{- define "flask-redis-api.api.env" -}}
{{- if eq "external" (include "flask-redis-api.redis.where" .) }}
- name: REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "flask-redis-api.externalRedis.secretName" . }}
      key: {{ include "flask-redis-api.externalRedis.secretKey" . }}
{{- else }}
- name: REDIS_HOST
  value: {{ include "flask-redis-api.redis.fullname" . }}
- name: REDIS_PORT
  value: "6379"
{{- end }}
{{- if include "flask-redis-api.redis.hasPassword" . }}
- name: REDIS_PASSWORD_FILE
  value: /run/secrets/redis/password
{{- end }}
- name: REDIS_TIMEOUT
  value: {{ .Values.config.redisTimeoutSeconds | quote }}
- name: PORT
  value: "5000"
- name: METRICS_PORT
  value: {{ ternary .Values.metrics.port 0 .Values.metrics.enabled | quote }}
- name: METRICS_ON_MAIN_PORT
  value: {{ .Values.metrics.onMainPort | quote }}
- name: WORKERS
  value: {{ .Values.config.workers | quote }}
- name: GRACEFUL_TIMEOUT
  value: {{ .Values.drain.gracefulTimeoutSeconds | quote }}
- name: LOG_LEVEL
  value: {{ .Values.config.logLevel | quote }}
- name: LOG_FORMAT
  value: {{ .Values.config.logFormat | quote }}
- name: LOG_HEALTH_CHECKS
  value: {{ .Values.config.logHealthChecks | quote }}
- name: MAX_KEY_BYTES
  value: {{ .Values.config.maxKeyBytes | int64 | quote }}
- name: MAX_VALUE_BYTES
  value: {{ .Values.config.maxValueBytes | int64 | quote }}
{{- end }}
