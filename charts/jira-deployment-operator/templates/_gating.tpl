{{- /* What sets a hold in the write that changes a pod template: Off, Policy or Webhook. YAML reads a bare Off as false. */ -}}
{{- define "jdo.mechanism" -}}
{{- .Values.gating.mechanism | default "Off" -}}
{{- end -}}

{{- define "jdo.operatorUser" -}}
{{- printf "system:serviceaccount:%s:%s" .Release.Namespace (include "jdo.serviceAccountName" .) -}}
{{- end -}}

{{- /* Whose writes are left as they are, as a condition in CEL. */ -}}
{{- define "jdo.notExempt" -}}
{{- $users := prepend .Values.gating.exemptUsers (include "jdo.operatorUser" .) -}}
!(request.userInfo.username in {{ toJson $users }}) &&
!(request.resource.resource == "rollouts" && request.userInfo.username == {{ toJson .Values.gating.argoRolloutsUser }})
{{- end -}}

{{- /* In which namespaces writes are looked at, as expressions of a selector. */ -}}
{{- define "jdo.gatedNamespaces" -}}
- key: kubernetes.io/metadata.name
  operator: NotIn
  values: {{ toJson (list "kube-system" .Release.Namespace | uniq) }}
{{- with include "jdo.watchedNamespaces" . }}
{{ . }}
{{- end }}
{{- end -}}

{{- /* The same for what is only looked at; nothing if that is the whole cluster. */ -}}
{{- define "jdo.watchedNamespaces" -}}
{{- with .Values.watchNamespaces -}}
- key: kubernetes.io/metadata.name
  operator: In
  values: {{ toJson . }}
{{- end -}}
{{- end -}}

{{- /* Where and which writes are looked at. */ -}}
{{- define "jdo.gatedWrites" -}}
namespaceSelector:
  matchExpressions: {{- include "jdo.gatedNamespaces" . | nindent 4 }}
resourceRules:
  {{- if .Values.sources.deployments }}
  - apiGroups: [apps]
    apiVersions: [v1]
    operations: {{ toJson .operations }}
    resources: [deployments]
  {{- end }}
  {{- if .Values.sources.rollouts }}
  - apiGroups: [argoproj.io]
    apiVersions: [v1alpha1]
    operations: {{ toJson .operations }}
    resources: [rollouts]
  {{- end }}
{{- end -}}

{{- /*
Variables about one write, in the words of `jira_deployment_operator/gating/admission.py`. They are computed when they
are used. The blanks are those that Python knows (see _annotations.tpl).
*/ -}}
{{- define "jdo.writeVariables" -}}
{{- $words := `findAll(r"[^\p{Z}\x09-\x0d\x1c-\x1f\x85]+", 4)` -}}
- name: isUpdate
  expression: request.operation == "UPDATE"
- name: own
  expression: object.metadata.?annotations.orValue({})
- name: before
  expression: "oldObject == null ? {} : dyn(oldObject).metadata.?annotations.orValue({})"
- name: templates
  expression: >-
    [object, oldObject].map(each, each == null ? {} : dyn(each).?spec.?template.orValue({}))
# Without what `kubectl rollout restart` writes.
- name: bare
  expression: >-
    variables.templates.map(template, template.transformMap(key, value, key != "metadata" ? value :
    value.transformMap(field, content, field != "annotations" || content.exists(each, each != "{{ .restartedAt }}"),
    field != "annotations" ? content : content.transformMap(each, text, each != "{{ .restartedAt }}", text))))
- name: changed
  expression: >-
    variables.isUpdate && variables.templates[0] != variables.templates[1]
    {{- if not .Values.restartsAreRollouts }} && variables.bare[0] != variables.bare[1]{{ end }}
- name: isPaused
  expression: object.spec.?paused.orValue(false) == true
- name: wasPaused
  expression: variables.isUpdate && oldObject.spec.?paused.orValue(false) == true
# The words of the hold that is in force.
- name: hold
  expression: >-
    variables.wasPaused ? variables.before[?"{{ .prefix }}hold"].orValue("").{{ $words }} : []
- name: held
  expression: variables.hold.size() > 0
- name: uid
  expression: 'variables.isUpdate ? oldObject.metadata.uid.substring(0, 8) : ""'
- name: heldId
  expression: >-
    !variables.held ? "" : variables.hold[0] == "first" ? variables.uid + "-1" : variables.hold[0]
- name: nextId
  expression: >-
    variables.isUpdate ? variables.uid + "-" + string(oldObject.metadata.generation + 1) : "first"
# What an annotation says about the gate, on the pod template before the workload.
- name: word
  expression: >-
    [variables.templates[0].?metadata.?annotations[?"{{ .prefix }}gate"].orValue(""),
    variables.own[?"{{ .prefix }}gate"].orValue("")].filter(each, each in ["Off", "Jira", "Manual"])
- name: required
  expression: >-
    namespaceObject.metadata.?labels[?"{{ .prefix }}required-gate"].orValue("") in ["Jira", "Manual"]
{{- end -}}

{{- /* Operations that make one annotation what `wanted`, CEL, says; none if that is the empty text. */ -}}
{{- define "jdo.annotate" -}}
{{- $path := printf "/metadata/annotations/%s" (.key | replace "/" "~1") -}}
({{ .wanted }} == "" ? (!("{{ .key }}" in variables.own) ? [] :
[JSONPatch{op: "remove", path: "{{ $path }}"}]) :
variables.own[?"{{ .key }}"].orValue("") == {{ .wanted }} ? [] :
[JSONPatch{op: "add", path: "{{ $path }}", value: {{ .wanted }}}])
{{- end -}}

{{- /* The operation before others on annotations, where there are none yet; if `some`, CEL, holds, where it is given. */ -}}
{{- define "jdo.annotations" -}}
(has(object.metadata.annotations){{ with .some }} || !({{ . }}){{ end }} ? [] :
[JSONPatch{op: "add", path: "/metadata/annotations", value: Object.metadata.annotations{}}])
{{- end -}}

{{- /*
A hold's annotation. `id` and `tail`, CEL, are what it begins and ends with; the user's own pause, if `mayKeep`, CEL,
holds, is kept between them until he ends it.
*/ -}}
{{- define "jdo.flagged" -}}
{{- $bare := .id -}}
{{- with .tail }}{{ $bare = printf "%s + %s" $bare . }}{{ end -}}
{{ .id }} + (({{ .mayKeep }}) && variables.isPaused &&
variables.own[?"{{ .prefix }}hold"].orValue("") != {{ $bare }} ? " paused" : ""){{ with .tail }} + {{ . }}{{ end }}
{{- end -}}
