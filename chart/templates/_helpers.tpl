{{/*
Expand the name of the chart.
*/}}
{{- define "flask-redis-api.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 46 | trimSuffix "-" }}
{{- end }}

{{/*
Create a default fully qualified app name.
46 characters, so that "<name>-redis" leaves a StatefulSet room for the eleven characters
of its revision in a label of 63.
If the release's name contains the chart's, it is used as it is.
*/}}
{{- define "flask-redis-api.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 46 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 46 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 46 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "flask-redis-api.redis.fullname" -}}
{{- include "flask-redis-api.fullname" . }}-redis
{{- end }}

{{/*
Create chart name and version as used by the chart label.
*/}}
{{- define "flask-redis-api.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/*
Labels of an object, never of a pod: a new version of the chart restarts nothing.
Takes {root, component}.
*/}}
{{- define "flask-redis-api.labels" -}}
helm.sh/chart: {{ include "flask-redis-api.chart" .root }}
{{ include "flask-redis-api.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
Labels that select a component's pods. Takes {root, component}.
*/}}
{{- define "flask-redis-api.selectorLabels" -}}
app.kubernetes.io/name: {{ include "flask-redis-api.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/*
Create the name of the service account to use
*/}}
{{- define "flask-redis-api.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "flask-redis-api.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/*
An image's full name. Takes {image, tag}, tag being what an empty one stands for.
*/}}
{{- define "flask-redis-api.image" -}}
{{- if .image.digest }}
{{- printf "%s@%s" .image.repository .image.digest }}
{{- else }}
{{- printf "%s:%s" .image.repository (.image.tag | default .tag) }}
{{- end }}
{{- end }}

{{- define "flask-redis-api.api.image" -}}
{{- include "flask-redis-api.image" (dict "image" .Values.image "tag" .Chart.AppVersion) }}
{{- end }}

{{/*
Where Redis is: "own" or "external".
*/}}
{{- define "flask-redis-api.redis.where" -}}
{{- if or .Values.externalRedis.url .Values.externalRedis.existingSecret -}}
external
{{- else -}}
own
{{- end }}
{{- end }}

{{/*
Whether the API needs the password of the chart's own Redis: "true" or nothing.
*/}}
{{- define "flask-redis-api.redis.hasPassword" -}}
{{- if and .Values.redis.auth.enabled (eq "own" (include "flask-redis-api.redis.where" .)) -}}
true
{{- end }}
{{- end }}

{{/*
Name and key of the Secret that has Redis' password.
*/}}
{{- define "flask-redis-api.redis.secretName" -}}
{{- .Values.redis.auth.existingSecret | default (include "flask-redis-api.redis.fullname" .) }}
{{- end }}

{{- define "flask-redis-api.redis.secretKey" -}}
{{- if .Values.redis.auth.existingSecret }}
{{- .Values.redis.auth.existingSecretKey }}
{{- else -}}
password
{{- end }}
{{- end }}

{{/*
The password as a volume: a file does not show in the pod's environment.
*/}}
{{- define "flask-redis-api.redis.passwordVolume" -}}
- name: redis-password
  secret:
    secretName: {{ include "flask-redis-api.redis.secretName" . }}
    defaultMode: 0440
    items:
      - key: {{ include "flask-redis-api.redis.secretKey" . }}
        path: password
{{- end }}

{{/*
Name and key of the Secret that has an external Redis' URL.
*/}}
{{- define "flask-redis-api.externalRedis.secretName" -}}
{{- .Values.externalRedis.existingSecret | default (printf "%s-external-redis" (include "flask-redis-api.fullname" .)) }}
{{- end }}

{{- define "flask-redis-api.externalRedis.secretKey" -}}
{{- if .Values.externalRedis.existingSecret }}
{{- .Values.externalRedis.existingSecretKey }}
{{- else -}}
url
{{- end }}
{{- end }}

{{- define "flask-redis-api.externalRedis.port" -}}
{{- $host := (urlParse .Values.externalRedis.url).host | default "" }}
{{- .Values.externalRedis.port | default (regexFind "[0-9]+$" (regexFind ":[0-9]+$" $host)) | default 6379 }}
{{- end }}

{{/*
Bytes of a Kubernetes quantity, without a fraction.
*/}}
{{- define "flask-redis-api.bytes" -}}
{{- if kindIs "string" . }}
{{- $powers := dict "" 0 "k" 1 "M" 2 "G" 3 "T" 4 "P" 5 "E" 6 }}
{{- $unit := regexFind "[A-Za-z]+$" . }}
{{- $bytes := trimSuffix $unit . | float64 }}
{{- range until (get $powers (trimSuffix "i" $unit | replace "K" "k") | int) }}
{{- $bytes = mulf $bytes (ternary 1024 1000 (hasSuffix "i" $unit)) }}
{{- end }}
{{- $bytes | floor | int64 }}
{{- else }}
{{- . | int64 }}
{{- end }}
{{- end }}

{{/*
Bytes of the memory limit of Redis' container; nothing where there is none.
*/}}
{{- define "flask-redis-api.redis.memoryLimit" -}}
{{- with (.Values.redis.resources.limits).memory }}
{{- include "flask-redis-api.bytes" . }}
{{- end }}
{{- end }}

{{/*
Bytes of Redis' maxmemory; nothing where neither a value nor a memory limit gives it.
*/}}
{{- define "flask-redis-api.redis.maxmemory" -}}
{{- if .Values.redis.maxmemory }}
{{- include "flask-redis-api.bytes" .Values.redis.maxmemory }}
{{- else if include "flask-redis-api.redis.memoryLimit" . }}
{{- div (mul (include "flask-redis-api.redis.memoryLimit" . | int64) .Values.redis.maxmemoryPercent) 100 }}
{{- end }}
{{- end }}

{{/*
Seconds that an API pod has to stop.
*/}}
{{- define "flask-redis-api.terminationGracePeriodSeconds" -}}
{{- .Values.drain.terminationGracePeriodSeconds | default (add .Values.drain.preStopSeconds .Values.drain.gracefulTimeoutSeconds 5) }}
{{- end }}

{{/*
Fewest API pods that there shall be.
*/}}
{{- define "flask-redis-api.api.fewest" -}}
{{- ternary .Values.autoscaling.minReplicas .Values.replicaCount .Values.autoscaling.enabled }}
{{- end }}
