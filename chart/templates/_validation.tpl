{{/*
What the schema cannot see: values that contradict one another or the live release. All that is
wrong is said at once, and nothing is changed.
*/}}
{{- define "flask-redis-api.validate" -}}
{{- $wrong := list }}
{{- range list "drain" "scaling" "env" "routes" "redis" "password" "secret" "mode" "claim" "volume" "monitoring" }}
{{- with include (printf "flask-redis-api.validate.%s" .) $ | trim }}
{{- $wrong = append $wrong . }}
{{- end }}
{{- end }}
{{- with $wrong }}
{{- fail (printf "\n\n- %s\n" (join "\n- " .)) }}
{{- end }}
{{- end }}

{{- define "flask-redis-api.validate.drain" -}}
{{- with .Values.drain }}
{{- $needed := add .preStopSeconds .gracefulTimeoutSeconds | int }}
{{- if and .terminationGracePeriodSeconds (ge $needed (.terminationGracePeriodSeconds | int)) }}
drain: preStopSeconds ({{ .preStopSeconds }}) + gracefulTimeoutSeconds ({{ .gracefulTimeoutSeconds }}) = {{ $needed }}, which must be less than terminationGracePeriodSeconds ({{ .terminationGracePeriodSeconds }}), or the pod is killed with requests in flight. Raise that one, or set it to null to have it computed.
{{- end }}
{{- end }}
{{- end }}

{{- define "flask-redis-api.validate.scaling" -}}
{{- with .Values.autoscaling }}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) }}
autoscaling: minReplicas ({{ .minReplicas }}) is more than maxReplicas ({{ .maxReplicas }}).
{{- end }}
{{- if and .enabled (not (or .targetCPUUtilizationPercentage .targetMemoryUtilizationPercentage)) }}
autoscaling: without targetCPUUtilizationPercentage and targetMemoryUtilizationPercentage there is nothing to scale by; set one.
{{- end }}
{{- range $resource, $target := dict "cpu" .targetCPUUtilizationPercentage "memory" .targetMemoryUtilizationPercentage }}
{{- if and $.Values.autoscaling.enabled $target (not (hasKey ($.Values.resources.requests | default dict) $resource)) }}
autoscaling: a target for {{ $resource }} is a share of resources.requests.{{ $resource }}, which is not set.
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "flask-redis-api.validate.env" -}}
{{- /* Where Redis is, and where the API listens: the Service, the policies and the guards go by it. */}}
{{- $own := list "HOST" "PORT" "METRICS_PORT" "REDIS_URL" "REDIS_HOST" "REDIS_PORT" "REDIS_PASSWORD" "REDIS_PASSWORD_FILE" }}
{{- range include "flask-redis-api.api.env" . | fromYamlArray }}
{{- $own = append $own .name }}
{{- end }}
{{- range .Values.extraEnv }}
{{- if has .name $own }}
extraEnv: {{ .name }} is the chart's to set; use the value that is meant for it.
{{- end }}
{{- end }}
{{- if and .Values.metrics.enabled (eq 5000 (int .Values.metrics.port)) }}
metrics.port: the API itself is on 5000 in its pod; take another port.
{{- end }}
{{- end }}

{{- define "flask-redis-api.validate.routes" -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}
ingress.hosts: an Ingress needs at least one, such as [{host: kv.example.org, paths: [{path: /, pathType: Prefix}]}].
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
httpRoute.parentRefs: a route needs a Gateway, such as [{name: gateway}].
{{- end }}
{{- end }}

{{- define "flask-redis-api.validate.redis" -}}
{{- if and .Values.externalRedis.url .Values.externalRedis.existingSecret }}
externalRedis: url and existingSecret are both set; keep one.
{{- end }}
{{- $limit := include "flask-redis-api.redis.memoryLimit" . | int64 }}
{{- $maxmemory := include "flask-redis-api.redis.maxmemory" . | int64 }}
{{- if and $limit (ge $maxmemory $limit) }}
redis.maxmemory: {{ $maxmemory }} bytes leave nothing of the memory limit ({{ $limit }} bytes) for buffers, so that Redis would be killed in place of refusing writes. Lower it, or raise redis.resources.limits.memory.
{{- end }}
{{- end }}

{{/*
What has read the password at its start, and has to be restarted for another one.
*/}}
{{- define "flask-redis-api.passwordHolders" -}}
{{- $redis := include "flask-redis-api.redis.fullname" . -}}
statefulset/{{ $redis }} deployment/{{ include "flask-redis-api.fullname" . }}{{ if .Values.metrics.redisExporter.enabled }} deployment/{{ $redis }}-exporter{{ end }}
{{- end }}

{{- define "flask-redis-api.validate.password" -}}
{{- with .Values.redis.auth }}
{{- if and .password .existingSecret }}
redis.auth: password and existingSecret are both set; keep one.
{{- end }}
{{- $name := include "flask-redis-api.redis.fullname" $ }}
{{- $namespace := $.Release.Namespace }}
{{- $live := dig "data" "password" "" (lookup "v1" "Secret" $namespace $name | default dict) | b64dec }}
{{- if and (include "flask-redis-api.redis.hasPassword" $) .password $live (ne .password $live) (not .existingSecret) (lookup "apps/v1" "StatefulSet" $namespace $name) }}
redis.auth.password: it is not the one in the Secret {{ $name }}, with which Redis runs; nothing would tell Redis of the new one. Leave the value empty to keep the password. To change it, with every client cut off until both have restarted:
    kubectl --namespace {{ $namespace }} delete secret {{ $name }}
  then run this helm command again, and
    kubectl --namespace {{ $namespace }} rollout restart {{ include "flask-redis-api.passwordHolders" $ }}
{{- end }}
{{- end }}
{{- end }}

{{/*
A Secret of one's own that a live Redis could not start with, or that says another password than
the one that it was started with.
*/}}
{{- define "flask-redis-api.validate.secret" -}}
{{- $name := include "flask-redis-api.redis.fullname" . }}
{{- $namespace := .Release.Namespace }}
{{- $statefulset := lookup "apps/v1" "StatefulSet" $namespace $name | default dict }}
{{- if and $statefulset (include "flask-redis-api.redis.hasPassword" .) .Values.redis.auth.existingSecret }}
{{- $secret := .Values.redis.auth.existingSecret }}
{{- $key := .Values.redis.auth.existingSecretKey }}
{{- $given := get (dig "data" dict (lookup "v1" "Secret" $namespace $secret | default dict)) $key }}
{{- $used := "" }}
{{- range dig "spec" "template" "spec" "volumes" list $statefulset }}
{{- if eq .name "redis-password" }}
{{- $used = get (dig "data" dict (lookup "v1" "Secret" $namespace .secret.secretName | default dict)) (first .secret.items).key }}
{{- end }}
{{- end }}
{{- if not $given }}
redis.auth.existingSecret: there is no Secret {{ $secret }} with a password under the key {{ $key }} in the namespace {{ $namespace }}, and Redis, which runs, would not start again. Correct the name or the key, or make the Secret first.
{{- else if and $used (ne $given $used) }}
redis.auth.existingSecret: the password in the Secret {{ $secret }} is not the one with which Redis runs. Give it that one and run this helm command again. To change the password after that, with every client cut off until both have restarted, change it in the Secret and run
    kubectl --namespace {{ $namespace }} rollout restart {{ include "flask-redis-api.passwordHolders" . }}
{{- end }}
{{- end }}
{{- end }}

{{/*
What an upgrade must not change by accident, in words.
*/}}
{{- define "flask-redis-api.mode" -}}
{{- if eq "external" (include "flask-redis-api.redis.where" .) -}}
an external Redis
{{- else -}}
its own Redis {{ ternary "with" "without" .Values.redis.auth.enabled }} a password
{{- end }}
{{- end }}

{{/*
The same of the live release; nothing where that is not certain. The StatefulSet is the witness:
a failed upgrade may have changed the Deployment alone. That one is asked only where there is no
StatefulSet, which is so too after a `kubectl delete statefulset --cascade=orphan`.
*/}}
{{- define "flask-redis-api.liveMode" -}}
{{- $statefulset := lookup "apps/v1" "StatefulSet" .Release.Namespace (include "flask-redis-api.redis.fullname" .) }}
{{- $deployment := lookup "apps/v1" "Deployment" .Release.Namespace (include "flask-redis-api.fullname" .) | default dict }}
{{- if $statefulset -}}
{{- $password := false }}
{{- range dig "spec" "template" "spec" "volumes" list $statefulset }}
{{- $password = or $password (eq .name "redis-password") }}
{{- end -}}
its own Redis {{ ternary "with" "without" $password }} a password
{{- else }}
{{- range dig "spec" "template" "spec" "containers" list $deployment }}
{{- range ternary .env list (eq .name "api") }}
{{- if eq .name "REDIS_URL" -}}
an external Redis
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "flask-redis-api.validate.mode" -}}
{{- $live := include "flask-redis-api.liveMode" . | trim }}
{{- $wanted := include "flask-redis-api.mode" . }}
{{- if and $live (ne $live $wanted) (not .Values.allowModeSwitch) }}
allowModeSwitch: the release runs with {{ $live }}, and these values ask for {{ $wanted }}. No value moves along, and requests get 503 until both sides have restarted. Give the release the values that it was installed with, or set allowModeSwitch=true.
{{- end }}
{{- end }}

{{/*
A StatefulSet's claim template cannot change: the upgrade would fail with its other half applied.
*/}}
{{- define "flask-redis-api.validate.claim" -}}
{{- $name := include "flask-redis-api.redis.fullname" . }}
{{- $namespace := .Release.Namespace }}
{{- $claim := printf "data-%s-0" $name }}
{{- $delete := printf "kubectl --namespace %s delete statefulset %s --cascade=orphan" $namespace $name }}
{{- $statefulset := lookup "apps/v1" "StatefulSet" $namespace $name }}
{{- if and $statefulset (eq "own" (include "flask-redis-api.redis.where" .)) }}
{{- $wanted := .Values.redis.persistence }}
{{- $templates := dig "spec" "volumeClaimTemplates" list $statefulset }}
{{- if and $templates (not $wanted.enabled) }}
redis.persistence.enabled: Redis runs on a volume, and no upgrade can take it away. To go on without, with an empty Redis that every restart empties again, run this and then this helm command again. The claim {{ $claim }} stays with its data, and Redis has them again once the volume is turned on again.
    {{ $delete }}
{{- else if and $wanted.enabled (not $templates) }}
redis.persistence.enabled: Redis runs without a volume, and no upgrade can give it one. To do so, run this, which stops Redis and loses the values that it has, and then this helm command again. Redis begins with the values of the claim {{ $claim }} if there is one from before, and else empty.
    {{- /* Not orphaned: a pod without the volume is neither corrected nor replaced. */}}
    kubectl --namespace {{ $namespace }} delete statefulset {{ $name }} --cascade=foreground
{{- else if $wanted.enabled }}
{{- with (first $templates).spec }}
{{- $class := .storageClassName | default "" }}
{{- if or (ne $class $wanted.storageClass) (ne (toJson .accessModes) (toJson $wanted.accessModes)) }}
redis.persistence: Redis was installed with storageClass {{ quote $class }} and accessModes {{ toJson .accessModes }}, these values ask for {{ quote $wanted.storageClass }} and {{ toJson $wanted.accessModes }}, and no upgrade can change that. Give the release the values that it was installed with; or run this, which restarts nothing, and then this helm command again. The claim {{ $claim }} stays as it is, with its data: only one that is made anew follows the values.
    {{ $delete }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "flask-redis-api.validate.volume" -}}
{{- if and .Values.redis.persistence.enabled (eq "own" (include "flask-redis-api.redis.where" .)) }}
{{- $name := include "flask-redis-api.redis.fullname" . }}
{{- $claim := printf "data-%s-0" $name }}
{{- $namespace := .Release.Namespace }}
{{- $size := .Values.redis.persistence.size }}
{{- $bytes := include "flask-redis-api.bytes" $size }}
{{- $claimed := dig "spec" "resources" "requests" "storage" "" (lookup "v1" "PersistentVolumeClaim" $namespace $claim | default dict) }}
{{- $statefulset := lookup "apps/v1" "StatefulSet" $namespace $name | default dict }}
{{- $templated := "" }}
{{- range dig "spec" "volumeClaimTemplates" list $statefulset }}
{{- $templated = .spec.resources.requests.storage }}
{{- end }}
{{- $stale := and $templated (ne $bytes (include "flask-redis-api.bytes" $templated)) }}
{{- if and $claimed (lt ($bytes | int64) (include "flask-redis-api.bytes" $claimed | int64)) }}
redis.persistence.size: {{ $size }} is less than the {{ $claimed }} of the live claim {{ $claim }}, and a volume cannot shrink. Set it to {{ $claimed }}.
{{- else if or $stale (and $claimed (ne $bytes (include "flask-redis-api.bytes" $claimed))) }}
redis.persistence.size: it is {{ $size }}, but the live claim {{ $claim }} has {{ $claimed }}, and no upgrade can resize it. If its StorageClass allows expansion, run this, which restarts nothing, and then this helm command again:
{{- if ne $bytes (include "flask-redis-api.bytes" $claimed) }}
    kubectl --namespace {{ $namespace }} patch pvc {{ $claim }} --type merge --patch '{"spec":{"resources":{"requests":{"storage":"{{ $size }}"}}}}'
{{- end }}
{{- if $stale }}
    kubectl --namespace {{ $namespace }} delete statefulset {{ $name }} --cascade=orphan
{{- end }}
{{- end }}
{{- end }}
{{- end }}
