{{- define "jdo.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}

{{- define "jdo.operatorLabels" -}}
{{ include "jdo.labels" . }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "jdo.operatorPods" -}}
app.kubernetes.io/name: {{ include "jdo.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- /* A pod's own labels, none of which can take the place of one that it is found by. */ -}}
{{- define "jdo.operatorPodLabels" -}}
{{- merge (dict) (include "jdo.operatorLabels" . | fromYaml) (.Values.operator.podLabels | default dict) | toYaml -}}
{{- end -}}

{{- define "jdo.gateTokenFolder" -}}
/etc/jira-deployment-operator/gate
{{- end -}}

{{- /* Where the gate endpoint's token is, if it needs one. */ -}}
{{- define "jdo.gateTokenFile" -}}
{{- with .Values.gating.endpoint -}}
{{- if .tokenFile -}}
{{- .tokenFile -}}
{{- else if .existingSecret -}}
{{- printf "%s/token" (include "jdo.gateTokenFolder" $) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The keys of a site's Secret, each of which becomes a file. */ -}}
{{- define "jdo.credentialKeys" -}}
{{- ternary (list "app-key" "shared-secret") (list "client-id" "client-secret") (eq (dig "auth" "type" "oauth" .) "connect") | toYaml -}}
{{- end -}}
