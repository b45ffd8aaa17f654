{{- /*
A role for what is watched, with its binding: one for the whole cluster, or one in each of watchNamespaces, where a
namespace can be read but not watched. `root`, `name`, `account` and `labels`; `rules` are those of namespaced objects.
*/ -}}
{{- define "jdo.watchRole" -}}
{{- $given := . -}}
{{- range $namespace := .root.Values.watchNamespaces | default (list "") }}
{{- $kind := ternary "Role" "ClusterRole" (ne $namespace "") }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata:
  name: {{ $given.name }}
  {{- with $namespace }}
  namespace: {{ . }}
  {{- end }}
  labels: {{- $given.labels | nindent 4 }}
rules:
  {{- $given.rules | trim | nindent 2 }}
  - apiGroups: [""]
    resources: [namespaces]
    verbs: {{ ternary "[get]" "[list, watch]" (ne $namespace "") }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ $given.name }}
  {{- with $namespace }}
  namespace: {{ . }}
  {{- end }}
  labels: {{- $given.labels | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $kind }}
  name: {{ $given.name }}
subjects:
  - kind: ServiceAccount
    name: {{ $given.account }}
    namespace: {{ $given.root.Release.Namespace }}
{{- end }}
{{- end -}}

{{- /* What the operator does in a namespace. */ -}}
{{- define "jdo.operatorRules" -}}
# What is watched. `get` looks up workloads whose deletion no event told of.
{{- with include "jdo.appsResources" . | fromYamlArray }}
- apiGroups: [apps]
  resources: {{ toJson . }}
  verbs: [get, list, watch]
{{- end }}
{{- if .Values.sources.rollouts }}
- apiGroups: [argoproj.io]
  resources: [rollouts]
  verbs: [get, list, watch]
{{- end }}
{{- if ne (include "jdo.mechanism" .) "Off" }}
# Opening a hold, or setting one after the fact.
{{- if .Values.sources.deployments }}
- apiGroups: [apps]
  resources: [deployments]
  verbs: [patch]
{{- end }}
{{- if .Values.sources.rollouts }}
- apiGroups: [argoproj.io]
  resources: [rollouts]
  verbs: [patch]
{{- end }}
{{- end }}
# What teams say about their workloads.
- apiGroups: [jira-operator.dev]
  resources: [jiradeploymentlinks]
  verbs: [list, watch]
- apiGroups: [jira-operator.dev]
  resources: [jiradeploymentlinks/status]
  verbs: [patch]
# The operator's memory.
- apiGroups: [jira-operator.dev]
  resources: [jiradeployments]
  verbs: [get, list, create, delete]
- apiGroups: [jira-operator.dev]
  resources: [jiradeployments/status]
  verbs: [patch]
# Telling people what is wrong with their objects.
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end -}}

{{- /* What the webhook decides by. */ -}}
{{- define "jdo.webhookRules" -}}
- apiGroups: [jira-operator.dev]
  resources: [jiradeploymentlinks]
  verbs: [list, watch]
{{- end -}}
