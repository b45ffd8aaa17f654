#!/usr/bin/env bash
# Installs the chart into the cluster of the current kubeconfig, with the image that is loaded there, and follows one
# rollout and one gate. Jira is out of reach, which must stop neither: records are written first, and Jira is told later.
set -euo pipefail
cd "$(dirname "$0")/.."

kubectl create namespace jira-operator
kubectl label namespace jira-operator pod-security.kubernetes.io/enforce=restricted
kubectl create secret generic acme-jira --namespace jira-operator \
  --from-literal=client-id=none --from-literal=client-secret=none
helm install jira-deployment-operator charts/jira-deployment-operator --namespace jira-operator --wait --timeout 3m \
  --set cluster=kind --set "gating.mechanism=$MECHANISM" \
  --set image.repository=jira-deployment-operator --set image.tag=under-test --set image.pullPolicy=Never \
  --set 'sites[0].name=acme' --set 'sites[0].url=https://jira.invalid' --set 'sites[0].existingSecret=acme-jira' \
  --set 'sites[0].allowedNamespaces={*}'

kubectl create namespace shop
deployment() {
  kubectl create deployment "$1" --image=registry.k8s.io/pause:3.10 --namespace shop --dry-run=client --output=yaml \
    | kubectl annotate --local --filename=- --output=yaml jira-operator.dev/report=true jira-operator.dev/issue-keys=SHOP-1
}

echo "==> a rollout becomes a record"
deployment web | kubectl apply --filename=-
kubectl rollout status deployment/web --namespace shop --timeout=2m
kubectl wait jiradeployment/deployment-web-1 --namespace shop --for=jsonpath='{.status.state}'=successful --timeout=1m

echo "==> a gated version waits"
kubectl apply --filename=- <<'LINK'
apiVersion: jira-operator.dev/v1alpha1
kind: JiraDeploymentLink
metadata: {name: billing, namespace: shop}
spec:
  workloadRef: {kind: Deployment, name: billing}
  gate: {mode: Manual, firstDeployment: true}
LINK
# The API server reads the link a moment after it was written.
for _ in $(seq 30); do
  deployment billing | kubectl apply --filename=- --dry-run=server --output='jsonpath={.spec.paused}' | grep -q true && break
  sleep 1
done
deployment billing | kubectl apply --filename=-
[ "$(kubectl get deployment billing --namespace shop --output='jsonpath={.spec.paused}')" = true ]

echo "==> and goes on when it is allowed"
docker run --rm --network host --user "$(id -u)" --volume "${KUBECONFIG:-$HOME/.kube/config}:/kubeconfig:ro" \
  --env KUBECONFIG=/kubeconfig jira-deployment-operator:under-test approve deployment/billing --namespace shop --reason accepted
kubectl rollout status deployment/billing --namespace shop --timeout=2m

helm uninstall jira-deployment-operator --namespace jira-operator --wait
