{{- /*
What annotations may hold that people write: one entry for each mistake that can be told. `good` and `shown` are CEL about `value`;
`shown`, by default the value, is what the message quotes.

The blanks in the patterns are those that Python knows; in RE2, `\s` has only ASCII's. Words beyond those that count
are not looked at, so that no value keeps the API server busy.
*/ -}}
{{- define "jdo.annotationRules" -}}
{{- $blanks := `\p{Z}\x09-\x0d\x1c-\x1f\x85` -}}
{{- $keys := printf `value.findAll(r"[^%s,]+", 501)` $blanks -}}
{{- $services := printf `value.findAll(r"[^%s,]+", 101)` $blanks -}}
{{- $issueKey := `word.matches(r"^[A-Z][A-Z0-9_]{1,254}-[1-9][0-9]{0,17}$")` -}}
{{- $service := `size(word) <= 255` -}}
{{- $id := `value.matches(r"^[A-Za-z0-9._-]{1,255}$")` -}}
{{- $idAllowed := "must be 1 to 255 letters, digits, dots, dashes or underscores" -}}
{{- $names := "cluster|environment|kind|name|namespace|previousVersion|site|version" -}}
{{- $placeholders := printf "${%s} or $$" ($names | replace "|" "}, ${") -}}
{{- $template := printf `value.matches(r"^([^$]|\$\$|\$\{(%s)\})+$") && value.matches(r"[^%s]") && size(value) <= 1000` $names $blanks -}}
{{- $answer := printf `value.matches(r"^[%s]*[^%s]+[%s]+[^%s]")` $blanks $blanks $blanks $blanks -}}
{{- $answerAllowed := "must be the id of a hold, a blank, and a reason, such as `1a2b3c4d-7 pager 123`" -}}
{{- $templateAllowed := printf "must be text of at most 1000 characters, in which $ stands only in %s" $placeholders -}}
report:
  - good: value in ["true", "false"]
    allowed: must be "true" or "false"
site:
  - good: value.matches(r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")
    allowed: must be the name of a site in the operator's settings, such as `acme`
issue-keys:
  - good: {{ printf `%s.size() > 0` $keys }}
    allowed: must name at least one Jira issue, such as `SHOP-123`
  - good: {{ printf `%s.all(word, %s)` $keys $issueKey }}
    shown: {{ printf `%s.filter(word, !%s).join(",")` $keys $issueKey }}
    allowed: must be Jira issue keys separated by commas, such as `SHOP-123,PAY-7`
  - good: {{ printf `%s.size() <= 500` $keys }}
    shown: '"more than 500 issue keys"'
    allowed: must be at most 500 issue keys
services:
  - good: {{ printf `%s.size() > 0` $services }}
    allowed: must name at least one service, by its id in Jira Service Management
  - good: {{ printf `%s.all(word, %s)` $services $service }}
    shown: {{ printf `%s.filter(word, !(%s)).join(",")` $services $service }}
    allowed: must be ids of services in Jira Service Management separated by commas, each at most 255 characters
  - good: {{ printf `%s.size() <= 100` $services }}
    shown: '"more than 100 services"'
    allowed: must be at most 100 services
commit:
  - good: value.matches(r"^[0-9A-Za-z]{1,255}$")
    allowed: must be the hash of a commit, 1 to 255 letters and digits
commit-time:
  - good: >-
      value.matches(r"^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$")
      && !value.matches(r"^....-(02-3|0[469]-31|11-31)")
      && (!value.matches(r"^....-02-29") || value.matches(r"^..([2468][048]|[13579][26]|0[48])-") || value.matches(r"^2[048]00-"))
    allowed: must be a time as RFC 3339 writes it, such as `2026-11-23T22:30:00Z`
repository:
  - good: {{ printf `value.matches(r"^[^%s,]{1,255}$")` $blanks }}
    allowed: must be the repository's id in Jira, 1 to 255 characters, no blanks
environment:
  - good: {{ $id }}
    allowed: {{ $idAllowed }}
  - good: value != "." && value != ".."
    allowed: must not be `.` or `..`, which mean something else in an address
environment-name:
  - good: {{ $template }}
    allowed: {{ $templateAllowed }}
environment-type:
  - good: value in ["unmapped", "development", "testing", "staging", "production"]
    allowed: must be one of unmapped, development, testing, staging, production
pipeline:
  - good: {{ $id }}
    allowed: {{ $idAllowed }}
  - good: value != "." && value != ".."
    allowed: must not be `.` or `..`, which mean something else in an address
display-name:
  - good: {{ $template }}
    allowed: {{ $templateAllowed }}
description:
  - good: {{ $template }}
    allowed: {{ $templateAllowed }}
label:
  - good: {{ $template }}
    allowed: {{ $templateAllowed }}
url:
  - good: >-
      {{ printf `value.matches(r"^https?://([^$%s]|\$\$|\$\{(%s)\})+$") && size(value) <= 1000` $blanks $names }}
      && value.matches(r"^https?://([\x21\x22%-.0-9;->A-Z\\^-~\p{L}\p{M}\p{N}]|\$\$|\$\{[A-Za-z]+\})+(:(0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?)?([/?#]|$)")
    allowed: {{ printf "must be an absolute http or https address without blanks, in which $ stands only in %s" $placeholders }}
message: []
gate:
  - good: value in ["Off", "Jira", "Manual"]
    allowed: must be one of Off, Jira, Manual
{{- range list "override" "approve" "refuse" }}
{{ . }}:
  - good: {{ $answer }}
    allowed: {{ $answerAllowed }}
{{- end }}
{{- end -}}
