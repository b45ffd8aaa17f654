{{- /* A ServiceMonitor; `name`, and the templates `labels` and `pods`, say whose. */ -}}
{{- define "jdo.serviceMonitor" -}}
{{- $root := .root -}}
{{- $pods := .pods -}}
{{- $name := .name -}}
{{- $labels := include .labels $root | fromYaml -}}
{{- with $root.Values.operator.serviceMonitor }}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ $name }}
  namespace: {{ .namespace | default $root.Release.Namespace }}
  labels: {{- merge (dict) $labels .labels | toYaml | nindent 4 }}
  {{- with .annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  selector:
    matchLabels: {{- include $pods $root | nindent 6 }}
  namespaceSelector:
    matchNames: [{{ $root.Release.Namespace }}]
  endpoints:
    - port: http
      path: /metrics
      interval: {{ .interval }}
      {{- with .scrapeTimeout }}
      scrapeTimeout: {{ . }}
      {{- end }}
      honorLabels: {{ .honorLabels }}
      {{- if ne .scheme "http" }}
      scheme: {{ .scheme }}
      {{- end }}
      {{- with .tlsConfig }}
      tlsConfig: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .relabelings }}
      relabelings: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .metricRelabelings }}
      metricRelabelings: {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}
{{- end -}}
