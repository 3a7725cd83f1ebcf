{{/*
The jobs as which Prometheus knows the API and redis_exporter.
*/}}
{{- define "flask-redis-api.job" -}}
{{- include "flask-redis-api.fullname" . }}
{{- end }}

{{- define "flask-redis-api.redis.job" -}}
{{- include "flask-redis-api.redis.fullname" . }}
{{- end }}

{{/*
What tells a Prometheus that goes by annotations where a pod's metrics are. Takes {root, port}.
*/}}
{{- define "flask-redis-api.scrapeAnnotations" -}}
{{- if .root.Values.metrics.annotations -}}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .port | quote }}
prometheus.io/path: /metrics
{{- end }}
{{- end }}

{{/*
One endpoint of a ServiceMonitor or PodMonitor. Takes {monitor, job}.
*/}}
{{- define "flask-redis-api.endpoint" -}}
- port: metrics
  path: /metrics
  interval: {{ .monitor.interval }}
  scrapeTimeout: {{ .monitor.scrapeTimeout }}
  relabelings:
    # The rules and the dashboard know the targets by this name.
    - targetLabel: job
      replacement: {{ .job }}
{{- end }}

{{/*
The rules of files/rules.yaml with this release's jobs, namespace and goals.
*/}}
{{- define "flask-redis-api.rules" -}}
{{- $goals := .Values.metrics.prometheusRule }}
{{- $job := printf "namespace=%q,job=%q" .Release.Namespace (include "flask-redis-api.job" .) }}
{{- $redisJob := printf "namespace=%q,job=%q" .Release.Namespace (include "flask-redis-api.redis.job" .) }}
{{- $text := .Files.Get "files/rules.yaml"
  | replace "job=\"flask-redis-api\"" $job
  | replace "job=\"flask-redis-api-redis\"" $redisJob
  | replace "le=\"0.25\"" (printf "le=%q" $goals.latencySeconds)
}}
{{- $budgets := dict
  "flask_redis_api:error_budget:ratio" $goals.availabilityPercent
  "flask_redis_api:slow_budget:ratio" $goals.latencyPercent
}}
{{- $groups := list }}
{{- range (fromYaml $text).groups }}
{{- if or (ne .name "flask-redis-api.redis") $.Values.metrics.redisExporter.enabled }}
{{- range .rules }}
{{- if hasKey $budgets (.record | default "") }}
{{- $_ := set . "expr" (printf "vector(%.6g)" (divf (subf 100 (get $budgets .record)) 100)) }}
{{- $_ := set . "labels" (dict "namespace" $.Release.Namespace "job" (include "flask-redis-api.job" $)) }}
{{- end }}
{{- with .annotations }}
{{- $_ := set . "runbook_url" (printf "%s%s" $goals.runbookPrefix .runbook_url) }}
{{- end }}
{{- end }}
{{- $groups = append $groups . }}
{{- end }}
{{- end }}
{{- dict "groups" $groups | toYaml }}
{{- end }}

{{/*
A duration of Prometheus, such as 1m30s, in milliseconds.
*/}}
{{- define "flask-redis-api.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 }}
{{- $sum := 0 }}
{{- range regexFindAll "[0-9]+(ms|s|m|h)" . -1 }}
{{- $sum = add $sum (mul (regexFind "[0-9]+" .) (get $units (regexFind "[a-z]+" .))) }}
{{- end }}
{{- $sum }}
{{- end }}

{{- define "flask-redis-api.validate.monitoring" -}}
{{- with .Values.metrics }}
{{- $needs := list }}
{{- range list "serviceMonitor" "podMonitor" "prometheusRule" }}
{{- if and (get $.Values.metrics . ).enabled (not $.Values.metrics.enabled) }}
{{- $needs = append $needs (printf "metrics.%s" .) }}
{{- end }}
{{- end }}
{{- with $needs }}
metrics.enabled: {{ join " and " . }} would find nothing to scrape; set metrics.enabled=true.
{{- end }}
{{- if and .serviceMonitor.enabled .podMonitor.enabled }}
metrics: serviceMonitor and podMonitor would both scrape every pod; keep one.
{{- end }}
{{- range $name := list "serviceMonitor" "podMonitor" }}
{{- with get $.Values.metrics $name }}
{{- if gt (include "flask-redis-api.milliseconds" .scrapeTimeout | int64) (include "flask-redis-api.milliseconds" .interval | int64) }}
metrics.{{ $name }}: scrapeTimeout ({{ .scrapeTimeout }}) is more than interval ({{ .interval }}), with which Prometheus would refuse it. Lower the one or raise the other.
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
