{{- define "watchfire.labels" -}}
app.kubernetes.io/name: watchfire
app.kubernetes.io/part-of: watchfire
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "watchfire.worker" -}}
app.kubernetes.io/name: watchfire
app.kubernetes.io/component: worker
{{- end }}

{{- define "watchfire.image" -}}
{{- $image := .Values.image }}
{{- required "image.repository: where the image is" $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* Several workers: the store is a table. */}}
{{- define "watchfire.shared" -}}
{{- if .Values.config.store.dynamodb }}true{{ end }}
{{- end }}

{{/* Anything may be done to the cluster: the same question as `needs` in router/src/config/mitigation.rs. */}}
{{- define "watchfire.acts" -}}
{{- $mitigation := .Values.config.mitigation | default dict }}
{{- $modes := list ($mitigation.mode | default "observe") }}
{{- range $action, $mode := $mitigation.actions }}
{{- if not (has $action (list "evidence" "image-scan")) }}{{ $modes = append $modes $mode }}{{ end }}
{{- end }}
{{- range $mitigation.namespaces }}{{ $modes = append $modes . }}{{ end }}
{{- if or (has "approve" $modes) (has "enforce" $modes) }}true{{ end }}
{{- end }}

{{/* watchfire.yaml: what was given, our own names for the HTTP address, its tokens among the files, the rules' folder. */}}
{{- define "watchfire.config" -}}
{{- $config := deepCopy .Values.config }}
{{- $own := list "watchfire" (printf "watchfire.%s" .Release.Namespace) (printf "watchfire.%s.svc" .Release.Namespace) (printf "watchfire.%s.svc.cluster.local" .Release.Namespace) }}
{{- $_ := set $config.http "hosts" (concat $own ($config.http.hosts | default list) | uniq) }}
{{- range $member, $key := dict "token" "ingest-token" "operator_token" "operator-token" }}
{{- if and (has $key $.Values.secrets.keys) (not (hasKey $config.http $member)) }}
{{- $_ := set $config.http $member (dict "file" (printf "secrets/%s" $key)) }}
{{- end }}
{{- end }}
{{- if .Values.rules }}{{ $_ := set $config "rules" (dict "directory" "rules") }}{{ end }}
{{- toYaml $config }}
{{- end }}

{{/* The queues as one list, whichever form they were given in. */}}
{{- define "watchfire.queues" -}}
{{- $queues := .Values.config.queues | default list }}
{{- with .Values.config.queue }}{{ $queues = append $queues . }}{{ end }}
{{- toJson $queues }}
{{- end }}

{{/* Protected::default in router/core/src/mitigation.rs, our own namespace, those of the configuration. */}}
{{- define "watchfire.protected" -}}
{{- $more := ((.Values.config.mitigation | default dict).protected | default dict).namespaces | default list }}
{{- concat (list "kube-system" "kube-public" "kube-node-lease" "istio-system" .Release.Namespace) $more | uniq | toJson }}
{{- end }}

{{- define "watchfire.environment" -}}
- name: WATCHFIRE_CONFIG
  value: /etc/watchfire/watchfire.yaml
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: NODE_NAME
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
{{- with .Values.aws.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- if .Values.aws.fips }}
- name: AWS_USE_FIPS_ENDPOINT
  value: "true"
{{- end }}
{{- end }}

{{/* One volume: a Secret cannot be mounted below a ConfigMap. */}}
{{- define "watchfire.configuration" -}}
name: configuration
projected:
  sources:
    - configMap:
        name: watchfire
        items:
          - {key: watchfire.yaml, path: watchfire.yaml}
          {{- range $name, $_ := .Values.rules }}
          - {key: {{ $name }}, path: {{ printf "rules/%s" $name }}}
          {{- end }}
    {{- with .Values.secrets.keys }}
    - secret:
        name: {{ $.Values.secrets.name }}
        items:
          {{- range . }}
          - {key: {{ . }}, path: {{ printf "secrets/%s" . }}}
          {{- end }}
    {{- end }}
{{- end }}

{{- define "watchfire.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "watchfire.pod-security" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* What a mesh wants to know of a pod. */}}
{{- define "watchfire.mesh-labels" -}}
{{- if eq .Values.istio.mode "sidecar" }}
sidecar.istio.io/inject: "true"
{{- else if eq .Values.istio.mode "ambient" }}
istio.io/dataplane-mode: ambient
{{- end }}
{{- end }}

{{- define "watchfire.mesh-annotations" -}}
{{- if eq .Values.istio.mode "sidecar" }}
proxy.istio.io/config: "holdApplicationUntilProxyStarts: true"
sidecar.istio.io/nativeSidecar: "true"
sidecar.istio.io/rewriteAppHTTPProbers: "true"
traffic.sidecar.istio.io/excludeOutboundIPRanges: 169.254.170.23/32
{{- end }}
{{- end }}

{{/* has(a.f) and has(b.f) alike, and equal where they are there; for each field given, of object.PATH and oldObject.PATH. */}}
{{- define "watchfire.unchanged" -}}
{{- $path := .path }}
{{- $all := list }}
{{- range .fields }}
{{- $new := printf "object.%s.%s" $path . }}
{{- $old := printf "oldObject.%s.%s" $path . }}
{{- $all = append $all (printf "has(%s) == has(%s) && (!has(%s) || %s == %s)" $new $old $new $new $old) }}
{{- end }}
{{- join " && " $all }}
{{- end }}
