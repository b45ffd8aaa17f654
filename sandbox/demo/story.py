"""The story: what a team does on its cluster, chapter by chapter, and what Jira must show of it afterwards.

Only data. The commands are run as they stand here, from the repository's root, and are shown as they are run.
"""

from dataclasses import dataclass
from typing import Final, Literal

from sandbox.demo.expectations import Place, Shown
from sandbox.installation import CLUSTER_NAME


@dataclass(frozen=True, slots=True)
class Run:
    """A command somebody types: kubectl's, or the operator's own."""

    command: str


@dataclass(frozen=True, slots=True)
class Revoke:
    """Somebody deletes the operator's credential in Jira."""


@dataclass(frozen=True, slots=True)
class Renew:
    """Somebody makes another credential in Jira, and its Secret is mounted in place of the old one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Somebody in Jira allows or prevents what waits at one place, as the buttons of Jira's page do."""

    place: Place
    word: Literal["allowed", "prevented"]


@dataclass(frozen=True, slots=True)
class Stop:
    """The operator is stopped."""


@dataclass(frozen=True, slots=True)
class Start:
    """The operator is started again."""


@dataclass(frozen=True, slots=True)
class Shows:
    """All that Jira must show at one place from now on; elsewhere, nothing may have changed."""

    place: Place
    deployments: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the story. A `quiet` one is not reported: the next report must be that of a later chapter."""

    title: str
    text: str
    steps: tuple[Run | Revoke | Renew | Answer | Stop | Start | Shows, ...]
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment of the team, and how Jira knows it."""

    name: str
    namespace: str
    environment_type: str
    issues: tuple[str, ...]

    @property
    def place(self) -> Place:
        """Where Jira shows it."""
        return Place(f"{CLUSTER_NAME}.{self.namespace}", self.name)

    def shows(self, *deployments: Shown) -> Shows:
        """Jira shows these deployments of it, oldest first."""
        return Shows(self.place, deployments)

    def answer(self, word: Literal["allowed", "prevented"]) -> Answer:
        """Somebody in Jira answers what waits of it."""
        return Answer(self.place, word)

    def went(self, version: str, *states: str) -> Shown:
        """One deployment of it went through these states."""
        return Shown(self.environment_type, version, self.issues, states)

    def done(self, version: str) -> Shown:
        """One deployment of it went well."""
        return self.went(version, "in_progress", "successful")


_WEB_STAGING: Final = Workload("web", "shop-staging", "staging", ("SHOP-1",))
_WEB: Final = Workload("web", "shop-prod", "production", ("SHOP-1",))
_CART_STAGING: Final = Workload("cart", "shop-staging", "staging", ("SHOP-2",))
_CART: Final = Workload("cart", "shop-prod", "production", ("SHOP-2",))
_CHECKOUT: Final = Workload("checkout", "shop-prod", "production", ("SHOP-3", "PAY-2"))
_SEARCH: Final = Workload("search", "shop-prod", "production", ("SHOP-4",))
_API: Final = Workload("api", "shop-staging", "staging", ("SHOP-5", "PAY-3"))
_LEDGER: Final = Workload("ledger", "shop-prod", "production", ("OPS-7",))
_PAYMENTS: Final = Workload("payments", "shop-prod", "production", ("PAY-1",))

_ALLOWED_3_1: Final = _LEDGER.went("3.1", "pending", "in_progress", "successful")
_PREVENTED_3_2: Final = _LEDGER.went("3.2", "pending", "cancelled")

BEFORE: Final = Chapter(
    "A cluster in use",
    "Checkout and payments run in production before anybody installs the operator.",
    (
        Run("kubectl apply -f examples/demo/namespaces.yaml"),
        Run("kubectl apply -n shop-prod -f examples/demo/checkout.yaml -f examples/demo/payments.yaml"),
        Run("kubectl rollout status -n shop-prod deployment/checkout"),
        Run("kubectl rollout status -n shop-prod deployment/payments"),
    ),
    quiet=True,
)

CHAPTERS: Final = (
    Chapter(
        "A first deployment",
        "The web front goes to staging, then to production. Its manifest names the issue SHOP-1.",
        (
            Run("kubectl apply -n shop-staging -f examples/demo/web.yaml"),
            _WEB_STAGING.shows(_WEB_STAGING.done("1.27")),
            Run("kubectl apply -n shop-prod -f examples/demo/web.yaml"),
            _WEB.shows(_WEB.done("1.27")),
        ),
    ),
    Chapter(
        "A new version",
        "Staging gets a newer image.",
        (
            Run("kubectl set image -n shop-staging deployment/web web=nginx:1.28"),
            _WEB_STAGING.shows(_WEB_STAGING.done("1.27"), _WEB_STAGING.done("1.28")),
        ),
    ),
    Chapter(
        "A failure that recovers",
        "The new pods of payments do not become ready within progressDeadlineSeconds (3 s): failed. "
        "Then somebody mends what they wait for, and Kubernetes completes the rollout after all.",
        (
            Run("kubectl apply -n shop-prod -f examples/demo/payments-broken.yaml"),
            _PAYMENTS.shows(_PAYMENTS.went("1.28", "in_progress", "failed")),
            Run(
                "kubectl annotate pods -n shop-prod -l app.kubernetes.io/name=payments"
                " --overwrite sandbox.jira-operator.dev/pod=ready"
            ),
            _PAYMENTS.shows(_PAYMENTS.went("1.28", "in_progress", "failed", "successful")),
        ),
    ),
    Chapter(
        "Overtaken",
        "Cart 1.28 rolls out slowly. 1.29 replaces it before it is complete.",
        (
            Run("kubectl apply -n shop-prod -f examples/demo/cart-slow.yaml"),
            _CART.shows(_CART.went("1.28", "in_progress")),
            Run("kubectl apply -n shop-prod -f examples/demo/cart.yaml"),
            _CART.shows(_CART.went("1.28", "in_progress", "cancelled"), _CART.done("1.29")),
        ),
    ),
    Chapter(
        "Rolled back",
        "Checkout 1.28 is out, and somebody takes it back. The way back is a deployment of its own. "
        "This rollout belongs to two issues.",
        (
            Run("kubectl set image -n shop-prod deployment/checkout checkout=nginx:1.28"),
            _CHECKOUT.shows(_CHECKOUT.done("1.28")),
            Run("kubectl rollout undo -n shop-prod deployment/checkout"),
            _CHECKOUT.shows(_CHECKOUT.went("1.28", "in_progress", "successful", "rolled_back"), _CHECKOUT.done("1.27")),
        ),
    ),
    Chapter(
        "Deleted midway",
        "Cart is deleted from staging before its rollout is complete.",
        (
            Run("kubectl apply -n shop-staging -f examples/demo/cart-slow.yaml"),
            _CART_STAGING.shows(_CART_STAGING.went("1.28", "in_progress")),
            Run("kubectl delete -n shop-staging deployment/cart"),
            _CART_STAGING.shows(_CART_STAGING.went("1.28", "in_progress", "cancelled")),
        ),
    ),
    Chapter(
        "Not a rollout",
        "Scaling and restarting replace or add pods, but bring no new version.",
        (
            Run("kubectl scale -n shop-prod deployment/web --replicas=5"),
            Run("kubectl rollout status -n shop-prod deployment/web"),
            Run("kubectl rollout restart -n shop-prod deployment/web"),
            Run("kubectl rollout status -n shop-prod deployment/web"),
        ),
        quiet=True,
    ),
    Chapter(
        "To production",
        "The same workload gets the version that staging has: that is a rollout again.",
        (
            Run("kubectl set image -n shop-prod deployment/web web=nginx:1.28"),
            _WEB.shows(_WEB.done("1.27"), _WEB.done("1.28")),
        ),
    ),
    Chapter(
        "A link from Git",
        "The API's manifest says nothing of Jira. A JiraDeploymentLink in the same folder does, for it and its issues.",
        (
            Run("kubectl apply -n shop-staging -f examples/demo/api"),
            _API.shows(_API.done("2.0")),
            Run("kubectl get jiradeploymentlinks -n shop-staging"),
        ),
    ),
    Chapter(
        "A canary",
        "Search is an Argo Rollout. Its canary waits for a person at 50 %: in progress until somebody promotes it.",
        (
            Run("kubectl apply -n shop-prod -f examples/demo/search.yaml"),
            _SEARCH.shows(_SEARCH.done("7.0")),
            Run(
                "kubectl patch -n shop-prod rollout/search --type=json"
                """ -p='[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"search:7.1"}]'"""
            ),
            Run("kubectl wait -n shop-prod rollout/search --for=jsonpath={.status.phase}=Paused --timeout=60s"),
            _SEARCH.shows(_SEARCH.done("7.0"), _SEARCH.went("7.1", "in_progress")),
            Run(
                "kubectl patch -n shop-prod rollout/search --subresource=status --type=merge"
                """ -p='{"status":{"pauseConditions":null}}'"""
            ),
            _SEARCH.shows(_SEARCH.done("7.0"), _SEARCH.done("7.1")),
        ),
    ),
    Chapter(
        "An issue that Jira does not know",
        "Somebody mistypes a second issue. The rollout is linked to the one that exists, and its record says the rest.",
        (
            Run("kubectl annotate -n shop-prod deployment/cart --overwrite jira-operator.dev/issue-keys=SHOP-2,SHPO-2"),
            Run("kubectl set image -n shop-prod deployment/cart cart=nginx:1.30"),
            _CART.shows(_CART.went("1.28", "in_progress", "cancelled"), _CART.done("1.29"), _CART.done("1.30")),
            Run(
                "kubectl get jiradeployments -n shop-prod deployment-cart-3"
                """ -o jsonpath='{.status.transitions[*].message}'"""
            ),
        ),
    ),
    Chapter(
        "A revoked credential",
        "Somebody deletes the operator's credential in Jira and rolls out staging. Nothing gets lost: the end of the "
        "rollout waits in its record, and is told as soon as another credential is mounted.",
        (
            Revoke(),
            Run("kubectl set image -n shop-staging deployment/web web=nginx:1.29"),
            Run("kubectl rollout status -n shop-staging deployment/web"),
            Run(
                "kubectl wait -n shop-staging jiradeployments/deployment-web-3"
                " --for=jsonpath={.status.state}=successful --timeout=60s"
            ),
            Renew(),
            _WEB_STAGING.shows(
                _WEB_STAGING.done("1.27"), _WEB_STAGING.done("1.28"), _WEB_STAGING.went("1.29", "successful")
            ),
        ),
    ),
    Chapter(
        "Held until Jira allows it",
        "The ledger's link asks for a gate. Its next version is held in the very write that asks for it: no pod of it "
        "comes until somebody allows the change request in Jira.",
        (
            Run("kubectl apply -n shop-prod -f examples/demo/ledger/link.yaml"),
            Run("kubectl apply -n shop-prod -f examples/demo/ledger/deployment.yaml"),
            _LEDGER.shows(_LEDGER.done("3.0")),
            Run("kubectl set image -n shop-prod deployment/ledger ledger=ledger:3.1"),
            _LEDGER.shows(_LEDGER.done("3.0"), _LEDGER.went("3.1", "pending")),
            Run(
                "kubectl wait -n shop-prod jiradeployments/deployment-ledger-2"
                " --for=jsonpath={.status.gate.status}=awaiting --timeout=60s"
            ),
            Run("kubectl get deployments -n shop-prod ledger"),
            Run("jira-deployment-operator holds -n shop-prod"),
            _LEDGER.answer("allowed"),
            _LEDGER.shows(_LEDGER.done("3.0"), _ALLOWED_3_1),
        ),
    ),
    Chapter(
        "Prevented",
        "The next change request is declined. The version is cancelled, and the one before it stays.",
        (
            Run("kubectl set image -n shop-prod deployment/ledger ledger=ledger:3.2"),
            _LEDGER.shows(_LEDGER.done("3.0"), _ALLOWED_3_1, _LEDGER.went("3.2", "pending")),
            _LEDGER.answer("prevented"),
            _LEDGER.shows(_LEDGER.done("3.0"), _ALLOWED_3_1, _PREVENTED_3_2),
            Run(
                "kubectl get pods -n shop-prod -l app.kubernetes.io/name=ledger"
                " -o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image"
            ),
        ),
    ),
    Chapter(
        "Three in the morning",
        "The operator is down, and a fix must out. The API server holds it all the same, and somebody overrides the "
        "hold. When the operator is back, it tells Jira, with who it was and why.",
        (
            Stop(),
            Run("kubectl set image -n shop-prod deployment/ledger ledger=ledger:3.3"),
            Run('jira-deployment-operator release deployment/ledger -n shop-prod --reason "pager 123"'),
            Run("kubectl rollout status -n shop-prod deployment/ledger"),
            Start(),
            _LEDGER.shows(_LEDGER.done("3.0"), _ALLOWED_3_1, _PREVENTED_3_2, _LEDGER.went("3.3", "successful")),
            Run("kubectl get jiradeployments -n shop-prod -l jira-operator.dev/workload-kind=Deployment"),
        ),
    ),
)
