{{- define "jdo.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "jdo.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "jdo.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "jdo.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "jdo.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "jdo.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name must be set when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- /* What selects objects: never anything that an upgrade could change. */ -}}
{{- define "jdo.selectorLabels" -}}
app.kubernetes.io/name: {{ include "jdo.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* No common label can take the place of one of the chart's own. */ -}}
{{- define "jdo.labels" -}}
{{- $own := include "jdo.selectorLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/version" .Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- merge $own .Values.commonLabels | toYaml -}}
{{- end -}}

{{- /* The kinds of workloads that are followed, as a YAML list. */ -}}
{{- define "jdo.sources" -}}
{{- $kinds := list -}}
{{- with .Values.sources -}}
{{- if .deployments }}{{ $kinds = append $kinds "Deployment" }}{{ end -}}
{{- if .rollouts }}{{ $kinds = append $kinds "Rollout" }}{{ end -}}
{{- if .statefulSets }}{{ $kinds = append $kinds "StatefulSet" }}{{ end -}}
{{- if .daemonSets }}{{ $kinds = append $kinds "DaemonSet" }}{{ end -}}
{{- end -}}
{{- if not $kinds }}{{ fail "sources: at least one of deployments, rollouts, statefulSets and daemonSets must be true" }}{{ end -}}
{{- toYaml $kinds -}}
{{- end -}}

{{- /* What must be read of group apps: a Rollout can take its pod template from a Deployment. */ -}}
{{- define "jdo.appsResources" -}}
{{- $resources := list -}}
{{- with .Values.sources -}}
{{- if or .deployments .rollouts }}{{ $resources = append $resources "deployments" }}{{ end -}}
{{- if .statefulSets }}{{ $resources = append $resources "statefulsets" }}{{ end -}}
{{- if .daemonSets }}{{ $resources = append $resources "daemonsets" }}{{ end -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}
