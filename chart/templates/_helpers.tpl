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
Seconds that an API pod has to stop.
*/}}
{{- define "flask-redis-api.terminationGracePeriodSeconds" -}}
{{- add .Values.drain.preStopSeconds .Values.drain.gracefulTimeoutSeconds 5 }}
{{- end }}
