{{- /* The webhook's objects; short enough for the name of a Service. */ -}}
{{- define "jdo.webhookName" -}}
{{- printf "%s-webhook" (include "jdo.fullname" . | trunc 55 | trimSuffix "-") -}}
{{- end -}}

{{- define "jdo.webhookLabels" -}}
{{ include "jdo.labels" . }}
app.kubernetes.io/component: webhook
{{- end -}}

{{- define "jdo.webhookPods" -}}
{{ include "jdo.selectorLabels" . }}
app.kubernetes.io/component: webhook
{{- end -}}

{{- /* One entry of the MutatingWebhookConfiguration; `root`, `group`, `version` and `resource` say which. */ -}}
{{- define "jdo.webhook" -}}
{{- $webhook := .root.Values.gating.webhook -}}
- name: {{ .resource }}.hold.jira-operator.dev
  admissionReviewVersions: [v1]
  rules:
    - apiGroups: [{{ .group }}]
      apiVersions: [{{ .version }}]
      operations: [CREATE, UPDATE]
      resources: [{{ .resource }}]
      scope: Namespaced
  matchPolicy: Equivalent
  sideEffects: None
  reinvocationPolicy: IfNeeded
  timeoutSeconds: {{ $webhook.timeoutSeconds }}
  failurePolicy: {{ .root.Values.gating.failurePolicy }}
  namespaceSelector:
    {{- with $webhook.namespaceSelector.matchLabels }}
    matchLabels: {{- toYaml . | nindent 6 }}
    {{- end }}
    matchExpressions:
      {{- include "jdo.gatedNamespaces" .root | nindent 6 }}
      {{- with $webhook.namespaceSelector.matchExpressions }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
  matchConditions:
    - name: not-exempt
      expression: >-
        {{- include "jdo.notExempt" .root | nindent 8 }}
    # What can neither begin, keep, open nor answer a hold is not asked about, such as scaling.
    - name: can-matter
      expression: >-
        request.operation == "CREATE" ||
        object.?spec.?template.orValue({}) != oldObject.?spec.?template.orValue({}) ||
        [object, oldObject].exists(each, "jira-operator.dev/hold" in each.metadata.?annotations.orValue({})) ||
        ["override", "approve", "refuse", "decided-by"].exists(word,
        object.metadata.?annotations[?"jira-operator.dev/" + word] !=
        oldObject.metadata.?annotations[?"jira-operator.dev/" + word])
  clientConfig:
    # The certificate's authority is put in by the webhook itself, or by cert-manager.
    {{- if $webhook.url }}
    url: {{ $webhook.url | quote }}
    {{- else }}
    service:
      name: {{ include "jdo.webhookName" .root }}
      namespace: {{ .root.Release.Namespace }}
      path: /mutate
      port: 443
    {{- end }}
{{- end -}}
