{{- define "jdo.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Whether a Lease says who leads; `true` or nothing. With several replicas there is no choice. */ -}}
{{- define "jdo.elects" -}}
{{- if or (gt (int .Values.operator.replicas) 1) .Values.operator.leaderElection.enabled }}true{{ end -}}
{{- end -}}

{{- define "jdo.operatorLabels" -}}
{{ include "jdo.labels" . }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "jdo.operatorPods" -}}
{{ include "jdo.selectorLabels" . }}
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

{{- /* What the operator's pod, and the one of `helm test`, have in common besides their containers. */ -}}
{{- define "jdo.operatorPod" -}}
serviceAccountName: {{ include "jdo.serviceAccountName" . }}
# The token is mounted below, whatever the ServiceAccount says.
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.operator.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.operator.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.operator.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- toYaml .Values.podSecurityContext | nindent 2 }}
volumes:
  - name: settings
    configMap: {name: {{ include "jdo.fullname" . }}-settings}
  # A folder for each site, with the keys of its Secret that are needed and no other. Whoever the container runs as must
  # read them, and nobody else is in it.
  - name: credentials
    projected:
      defaultMode: 0444
      sources:
        {{- range $site := .Values.sites }}
        - secret:
            name: {{ $site.existingSecret | quote }}
            # One that is missing stalls its own site, and not the pod of all sites.
            optional: true
            items:
              {{- range include "jdo.credentialKeys" $site | fromYamlArray }}
              - {key: {{ . }}, path: {{ printf "%s/%s" $site.name . | quote }}}
              {{- end }}
        {{- end }}
  {{- with .Values.gating.endpoint.existingSecret }}
  - name: gate
    secret:
      secretName: {{ . | quote }}
      defaultMode: 0444
      items: [{key: token, path: token}]
  {{- end }}
  # What the API server mounts by itself where it is asked to. The token is renewed within the hour.
  - name: api-server
    projected:
      defaultMode: 0444
      sources:
        - serviceAccountToken: {path: token, expirationSeconds: 3600}
        - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
        - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
  - name: tmp
    emptyDir: {sizeLimit: 16Mi}
  {{- with .Values.operator.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- /* The same for their containers. */ -}}
{{- define "jdo.operatorContainer" -}}
image: {{ include "jdo.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  # The name by which a replica leads.
  - name: POD_NAME
    valueFrom: {fieldRef: {fieldPath: metadata.name}}
  # Where other replicas ask it.
  - name: POD_IP
    valueFrom: {fieldRef: {fieldPath: status.podIP}}
  {{- with .Values.operator.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
resources: {{- toYaml .Values.operator.resources | nindent 2 }}
securityContext: {{- toYaml .Values.securityContext | nindent 2 }}
volumeMounts:
  - {name: settings, mountPath: /etc/jira-deployment-operator/settings.yaml, subPath: settings.yaml, readOnly: true}
  - {name: credentials, mountPath: {{ .Values.credentialsDirectory | quote }}, readOnly: true}
  {{- if .Values.gating.endpoint.existingSecret }}
  - {name: gate, mountPath: {{ include "jdo.gateTokenFolder" . }}, readOnly: true}
  {{- end }}
  - {name: api-server, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
  - {name: tmp, mountPath: /tmp}
  {{- with .Values.operator.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- /* The ports that the operator's settings lead to, as a YAML list. */ -}}
{{- define "jdo.egressPorts" -}}
{{- $ports := list -}}
{{- range .Values.operator.networkPolicy.egressPorts }}{{ $ports = append $ports (int .) }}{{ end -}}
{{- range compact (concat (list .Values.operator.tracing.endpoint) (values .Values.atlassian | sortAlpha)) -}}
{{- $url := urlParse . -}}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{- $ports = append $ports (int ($port | default (ternary "443" "80" (eq $url.scheme "https")))) -}}
{{- end -}}
{{- $ports | uniq | toYaml -}}
{{- end -}}
