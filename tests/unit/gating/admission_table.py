"""What admission makes of a write, case by case: one table for the operator's own code and for the chart's policies."""

from collections.abc import Iterator
from typing import Any, Final

from jira_deployment_operator.api.annotations import APPROVE, DECIDED_BY, GATE, HOLD, OVERRIDE, REFUSE, REPORT
from jira_deployment_operator.api.names import LABEL_REQUIRED_GATE
from jira_deployment_operator.gating.admission import RESTARTED_AT
from tests.unit.gating.admission_case import NAME, Case, Kind, link, parts

# A case is read as one sentence: laid out by the formatter, the table would be three times as long.
# fmt: off

GATED: Final = {GATE: "Jira"}
REQUIRED: Final = {LABEL_REQUIRED_GATE: "Jira"}
NEW: Final = parts(image="2.0")
NOTHING: Final = parts()
LABELLED: Final = {"selector": {"matchLabels": {"app": "web"}}}


def held(hold: str = "{now}", **more: Any) -> dict[str, Any]:
    """Return the parts of a workload that is held."""
    annotations = more.pop("annotations", {})
    return parts(paused=True, annotations={HOLD: hold, **annotations}, **more)


def _opting_in() -> Iterator[Case]:
    """Each way of asking for a gate; a new template is held, a release that asks for nothing is not."""
    begun: dict[str, Any] = {"stored": NOTHING, "write": NEW, "annotations": {HOLD: "{next}"}, "paused": True}
    free: dict[str, Any] = {"stored": NOTHING, "write": NEW, "annotations": {}, "paused": False}
    yield Case("nobody asks", **free)
    yield Case("by the workload's annotation", **{**begun, "stored": parts(annotations=GATED)})
    yield Case("by an annotation in the same write", **{**begun, "write": parts(image="2.0", annotations=GATED)})
    yield Case(
        "the first annotations of the object", **{**begun, "stored": NOTHING}, namespace_annotations={GATE: "Manual"}
    )
    yield Case("by the template's annotation", **{**begun, "stored": parts(pods=GATED)})
    yield Case(
        "the template goes before the workload",
        **{**free, "stored": parts(annotations=GATED, pods={GATE: "Off"})},
    )
    yield Case(
        "the template's Manual goes before the workload's Off",
        **{**begun, "stored": parts(annotations={GATE: "Off"}, pods={GATE: "Manual"})},
    )
    yield Case(
        "a word nobody knows on the template says nothing",
        **{**begun, "stored": parts(annotations=GATED, pods={GATE: "jira"})},
    )
    yield Case("only words nobody knows", **{**free, "stored": parts(annotations={GATE: "true"}, pods={GATE: ""})})
    yield Case(
        "words nobody knows leave it to the namespace",
        **{**begun, "stored": parts(annotations={GATE: "on"})},
        namespace_annotations=GATED,
    )
    yield Case("the namespace's Off is nothing", **free, namespace_annotations={GATE: "Off"})
    yield Case("by the namespace's label", **begun, namespace_labels={LABEL_REQUIRED_GATE: "Manual"})
    yield Case(
        "what is required cannot be switched off",
        **{**begun, "stored": parts(annotations={GATE: "Off"}, pods={GATE: "Off"})},
        namespace_labels=REQUIRED,
    )
    yield Case("a label of Off requires nothing", **free, namespace_labels={LABEL_REQUIRED_GATE: "Off"})
    yield Case("a label nobody knows requires nothing", **free, namespace_labels={LABEL_REQUIRED_GATE: "true"})
    yield Case("Off on the workload", **{**free, "stored": parts(annotations={GATE: "Off"})}, links=(link(),))
    yield Case(
        "Off on the workload goes before the namespace",
        **{**free, "stored": parts(annotations={GATE: "Off"})},
        namespace_annotations=GATED,
    )
    yield Case(
        "the gate's annotation is removed with the new template",
        **{**free, "stored": parts(annotations=GATED), "write": parts(image="2.0", annotations={GATE: None})},
    )


def _links() -> Iterator[Case]:
    begun: dict[str, Any] = {"stored": NOTHING, "write": NEW, "annotations": {HOLD: "{next}"}, "paused": True}
    free: dict[str, Any] = {"stored": NOTHING, "write": NEW, "annotations": {}, "paused": False}
    yield Case("a link that names it", **begun, links=(link(),))
    yield Case("a link of mode Manual", **begun, links=(link("Manual"),))
    yield Case("a link of mode Off", **free, links=(link("Off"),))
    yield Case("a link without a gate", **free, links=({"workloadRef": {"kind": "{kind}", "name": NAME}},))
    yield Case("a link whose gate is an endpoint", **free, links=(link(enforcement="Endpoint"),))
    yield Case(
        "a link for another name", **free, links=(link(of={"workloadRef": {"kind": "{kind}", "name": "web2"}}),)
    )
    yield Case(
        "a link for another kind",
        **free,
        links=(link(of={"workloadRef": {"kind": "StatefulSet", "name": NAME}}),),
    )
    yield Case("a link that is being deleted", **free, links=({**link(), "deleted": True},))
    yield Case("a link by labels", **begun, links=(link(of=LABELLED),))
    yield Case("the labels of the new object count", **{**free, "write": parts(image="2.0", labels={"app": "x"})},
               links=(link(of=LABELLED),))
    for name, selector, matches in (
        ("kinds that are others", {"kinds": ["DaemonSet"], "matchLabels": {"app": "web"}}, False),
        ("kinds", {"kinds": ["Deployment", "Rollout"], "matchLabels": {"app": "web"}}, True),
        ("one label of two", {"matchLabels": {"app": "web", "tier": "front"}}, False),
        ("another value", {"matchLabels": {"app": "shop"}}, False),
        ("In", _where("app", "In", "shop", "web"), True),
        ("In without the label", _where("tier", "In", "front"), False),
        ("In of others", _where("app", "In", "shop"), False),
        ("NotIn", _where("app", "NotIn", "web"), False),
        ("NotIn of others", _where("app", "NotIn", "shop"), True),
        ("NotIn without the label", _where("tier", "NotIn", "front"), True),
        ("Exists", _where("app", "Exists"), True),
        ("Exists without the label", _where("tier", "Exists"), False),
        ("DoesNotExist", _where("app", "DoesNotExist"), False),
        ("DoesNotExist without the label", _where("tier", "DoesNotExist"), True),
        (
            "labels and expressions that differ",
            {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]},
            False,
        ),
    ):
        yield Case(f"a link by {name}", **(begun if matches else free), links=(link(of={"selector": selector}),))
    yield Case("one link of several", **begun,
               links=(link("Off"), link(of={"selector": _where("tier", "Exists")}), link()))
    yield Case(
        "several links, and the namespace", **begun, links=(link(), link(of=LABELLED)), namespace_annotations=GATED
    )


def _where(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, **({"values": list(values)} if values else {})}]}


def _creation() -> Iterator[Case]:
    asked = parts(annotations=GATED)
    yield Case("created, and nobody asks", NOTHING, {}, paused=False)
    yield Case("created ungated, paused by the user", parts(paused=True), {}, paused=True)
    yield Case("created under a gate, but not first deployments", asked, {}, paused=False)
    yield Case("created under a gate", asked, {HOLD: "first"}, paused=True, rules="first")
    yield Case("created where it is required", NOTHING, {HOLD: "first"}, paused=True, rules="first",
               namespace_labels=REQUIRED)
    yield Case("created where the namespace asks", NOTHING, {HOLD: "first"}, paused=True, rules="first",
               namespace_annotations=GATED)
    yield Case("created with the gate Off", parts(annotations={GATE: "Off"}), {}, paused=False, rules="first",
               links=(link(firstDeployment=True),))
    yield Case("created, paused by the user", parts(annotations=GATED, paused=True), {HOLD: "first paused"},
               paused=True, rules="first")
    yield Case("a link for first deployments", NOTHING, {HOLD: "first"}, paused=True,
               links=(link(firstDeployment=True),))
    yield Case("a link that leaves it to the default", NOTHING, {}, paused=False, links=(link(),))
    yield Case("a link that leaves it to a default of true", NOTHING, {HOLD: "first"}, paused=True, links=(link(),),
               rules="first")
    yield Case("a link without first deployments", NOTHING, {}, paused=False, links=(link(firstDeployment=False),),
               rules="first")
    yield Case("one link for first deployments is enough", parts(paused=True), {HOLD: "first paused"}, paused=True,
               links=(link(firstDeployment=False), link(firstDeployment=True), link(of=LABELLED, firstDeployment=True)),
               namespace_annotations=GATED)
    yield Case("what is required does not ask links", NOTHING, {}, paused=False, namespace_labels=REQUIRED,
               links=(link(firstDeployment=True),))
    yield Case("what annotations ask does not ask links", asked, {}, paused=False,
               links=(link(firstDeployment=True),))
    copied = {OVERRIDE: "00000000-3 ok", APPROVE: "00000000-3 ok", REFUSE: "00000000-2 no", DECIDED_BY: "00000000-3 x",
              HOLD: "00000000-4", REPORT: "true"}
    yield Case("created as a copy of another", parts(annotations=copied), {REPORT: "true"}, paused=False)
    yield Case("created as a copy under a gate",
               parts(annotations={**copied, HOLD: "first", GATE: "Jira"}, paused=True),
               {REPORT: "true", HOLD: "first"}, paused=True, rules="first")
    yield Case("created by the operator's own user", parts(annotations={**GATED, **copied}), copied, paused=False,
               by="operator", rules="first")
    yield Case("created by Argo's controller", asked, {HOLD: "first"}, paused=True, by="argo", rules="first",
               kinds=("Deployment",))


def _staying() -> Iterator[Case]:
    """Writes that leave the pod template alone do not open a hold (R6)."""
    stays: dict[str, Any] = {"annotations": {HOLD: "{now}"}, "paused": True}
    link_is_gone = held()
    yield Case("the same again", stored=held(), write=NOTHING, **stays)
    yield Case("the same applied again", stored=held(), write=NOTHING, how="apply", **stays)
    yield Case("applied again, not paused", stored=held(), write=parts(paused=False), how="apply", **stays)
    yield Case("resumed", stored=held(), write=parts(paused=False), **stays)
    yield Case("the pause taken away", stored=held(), write=parts(paused=None), how="json", **stays)
    yield Case("replaced without pause and annotations", stored=held(), write=NOTHING, how="replace", **stays)
    yield Case("all annotations taken away", stored=held(), how="json",
               write={"metadata": {"annotations": None}, "spec": {"paused": None}}, **stays)
    yield Case("the hold taken away", stored=held(), write=parts(annotations={HOLD: None}), **stays)
    yield Case("the hold falsified", stored=held(), write=parts(annotations={HOLD: "{uid}-99 paused leaked"}), **stays)
    yield Case("the hold falsified as the next", stored=held(), write=parts(annotations={HOLD: "{next}"}), **stays)
    yield Case("scaled", stored=held(), write=parts(replicas=3), **stays)
    yield Case("gate switched off while held", stored=held(annotations=GATED), write=parts(annotations={GATE: "Off"}),
               **stays)
    yield Case("the link is gone", stored=link_is_gone, write=parts(paused=False), **stays)
    yield Case("restarted", stored=held(), write=parts(pods={RESTARTED_AT: "2026-11-23T22:30:00Z"}), **stays)
    yield Case("restarted again", stored=held(pods={RESTARTED_AT: "2026-11-23T22:30:00Z", "a": "b"}),
               write=parts(pods={RESTARTED_AT: "2026-11-24T22:30:00Z"}), **stays)
    yield Case("at a later generation", stored=held(), generation=3, write=parts(paused=False), **stays)
    yield Case("held since an earlier generation", stored=held("{uid}-2"), generation=4, write=parts(replicas=2),
               annotations={HOLD: "{uid}-2"}, paused=True)
    yield Case("held since its creation", stored=held("first"), generation=2, write=NOTHING,
               annotations={HOLD: "{uid}-1"}, paused=True)
    yield Case("held late", stored=held("{now} leaked"), write=parts(annotations={HOLD: None}, paused=None),
               annotations={HOLD: "{now} leaked"}, paused=True)
    yield Case("held, and paused by the user before", stored=held("{now} paused"),
               write=parts(annotations={HOLD: None}),
               annotations={HOLD: "{now} paused"}, paused=True)
    yield Case("the user ends his own pause", stored=held("{now} paused"), write=parts(paused=False), **stays)
    yield Case("the user ends his own pause of a late hold", stored=held("first paused leaked"),
               write=parts(paused=None), annotations={HOLD: "{uid}-1 leaked"}, paused=True)
    yield Case("a pause of the user's own that never was", stored=held(),
               write=parts(annotations={HOLD: "{now} paused"}),
               **stays)
    yield Case("a late hold that never was", stored=held(), write=parts(annotations={HOLD: "{now} leaked"}), **stays)


def _moving_on() -> Iterator[Case]:
    """A newer template while held moves the hold on, whoever asks or does not ask for a gate by then."""
    moved: dict[str, Any] = {"annotations": {HOLD: "{next}"}, "paused": True}
    yield Case("a newer template while held", stored=held(), write=NEW, **moved)
    yield Case("a newer template at a later generation", stored=held("{uid}-2"), generation=5, write=NEW, **moved)
    yield Case("a newer template, resumed", stored=held(), write=parts(image="2.0", paused=False), **moved)
    yield Case("a newer template by server-side apply", stored=held(), write=parts(image="2.0", paused=False),
               how="apply", **moved)
    yield Case("a newer template by replace", stored=held(), write=NEW, how="replace", **moved)
    yield Case("a newer template under a link and a label", stored=held(), write=NEW, links=(link(),),
               namespace_labels=REQUIRED, **moved)
    yield Case("a newer template with the gate Off", stored=held(), write=parts(image="2.0", annotations={GATE: "Off"}),
               **moved)
    yield Case("a newer template, the user's pause", stored=held("{now} paused"), write=NEW,
               annotations={HOLD: "{next} paused"}, paused=True)
    yield Case("a newer template, the user's pause ended", stored=held("{now} paused"), paused=True,
               write=parts(image="2.0", paused=False), annotations={HOLD: "{next}"})
    yield Case("a newer template of a late hold", stored=held("{now} leaked"), write=NEW, **moved)
    yield Case("a newer template of a first hold", stored=held("first"), write=NEW, **moved)
    yield Case("a newer template with an override of the old", stored=held(), paused=True,
               write=parts(image="2.0", annotations={OVERRIDE: "{now} pager"}),
               annotations={HOLD: "{next}", OVERRIDE: "{now} pager"})
    yield Case("a newer template with its own override", stored=held(), paused=True,
               write=parts(image="2.0", annotations={OVERRIDE: "{next} pager"}),
               annotations={HOLD: "{next}", OVERRIDE: "{next} pager"})
    yield Case("a revert while held", stored=held(image="2.0"), write=parts(image="1.0"), **moved)
    yield Case("any label of the template counts", stored=parts(annotations=GATED), paused=True,
               write={"spec": {"template": {"metadata": {"labels": {"a": "b"}}}}}, annotations={HOLD: "{next}"})
    yield Case("any annotation of the template counts", stored=parts(annotations=GATED, pods={"a": "b"}), paused=True,
               write=parts(pods={"a": "c"}), annotations={HOLD: "{next}"})
    yield Case("an annotation taken from the template counts", stored=parts(annotations=GATED, pods={"a": "b"}),
               paused=True, write=parts(pods={"a": None}), annotations={HOLD: "{next}"})
    yield Case("a restart with a new image counts", stored=parts(annotations=GATED), paused=True,
               write=parts(image="2.0", pods={RESTARTED_AT: "now"}), annotations={HOLD: "{next}"})
    yield Case("a restart is no new version", stored=parts(annotations=GATED), write=parts(pods={RESTARTED_AT: "now"}),
               annotations={}, paused=False)
    yield Case("restarts are rollouts", stored=parts(annotations=GATED), write=parts(pods={RESTARTED_AT: "now"}),
               annotations={HOLD: "{next}"}, paused=True, rules="restarts")
    yield Case("restarts are rollouts under a link", stored=NOTHING, write=parts(pods={RESTARTED_AT: "now"}),
               annotations={HOLD: "{next}"}, paused=True, rules="restarts", links=(link(),))
    yield Case("a restart while held moves the hold on", stored=held(), write=parts(pods={RESTARTED_AT: "now"}),
               rules="restarts", **moved)
    yield Case("scaled under a gate", stored=parts(annotations=GATED), write=parts(replicas=2), annotations={},
               paused=False)


def _pauses() -> Iterator[Case]:
    """The user's own pause before the hold is his, and outlives it."""
    gated = parts(annotations=GATED, paused=True)
    yield Case("paused by the user before", stored=gated, write=NEW, annotations={HOLD: "{next} paused"}, paused=True)
    yield Case("paused by the user before, under a link", stored=parts(paused=True), write=NEW, links=(link(), link()),
               annotations={HOLD: "{next} paused"}, paused=True)
    yield Case("resumed with the new template", stored=gated, write=parts(image="2.0", paused=False),
               annotations={HOLD: "{next}"}, paused=True)
    yield Case("resumed with the new template, under a link", stored=parts(paused=True), links=(link(), link()),
               write=parts(image="2.0", paused=False), annotations={HOLD: "{next}"}, paused=True)
    yield Case("paused with the new template", stored=parts(annotations=GATED), write=parts(image="2.0", paused=True),
               annotations={HOLD: "{next}"}, paused=True)
    yield Case("a pause of the user's is no hold", stored=gated, write=parts(paused=False), annotations={},
               paused=False)
    yield Case("paused by the user without a gate", stored=NOTHING, write=parts(paused=True), annotations={},
               paused=True)


def _opening() -> Iterator[Case]:
    """Break-glass: an override that names the hold, with a reason, and nothing else (R6)."""
    def answered(value: str, key: str = OVERRIDE) -> dict[str, Any]:
        return parts(annotations={key: value})

    by: dict[str, str] = {DECIDED_BY: "{now} {user}"}
    yield Case("overridden", stored=held(), write=answered("{now} pager 7"), paused=False,
               annotations={OVERRIDE: "{now} pager 7", **by})
    yield Case("overridden by JSON patch", stored=held(), write=answered("{now} pager 7"), paused=False, how="json",
               annotations={OVERRIDE: "{now} pager 7", **by})
    yield Case("overridden by apply", stored=held(), write=answered("{now} pager 7"), paused=False, how="apply",
               annotations={OVERRIDE: "{now} pager 7", **by})
    yield Case("overridden with odd blanks", stored=held(), write=answered(" {now}\t\u00a0x"), paused=False,
               annotations={OVERRIDE: " {now}\t\u00a0x", **by})
    yield Case("overridden though it is required", stored=held(), write=answered("{now} x"), paused=False,
               annotations={OVERRIDE: "{now} x", **by}, namespace_labels=REQUIRED, links=(link(),))
    yield Case("overridden and restarted", stored=held(), paused=False,
               write=parts(annotations={OVERRIDE: "{now} x"}, pods={RESTARTED_AT: "now"}),
               annotations={OVERRIDE: "{now} x", **by})
    yield Case("overridden by a write before the hold was known", stored=held(annotations={OVERRIDE: "{now} x"}),
               write=NOTHING, annotations={OVERRIDE: "{now} x"}, paused=False)
    yield Case("overridden, the hold falsified", stored=held(), paused=False,
               write=parts(annotations={OVERRIDE: "{now} x", HOLD: "{uid}-9"}),
               annotations={OVERRIDE: "{now} x", **by})
    yield Case("overridden, the user's pause stays", stored=held("{now} paused"), write=answered("{now} x"),
               paused=True,
               annotations={OVERRIDE: "{now} x", **by})
    yield Case("overridden and resumed by the user", stored=held("{now} paused"), paused=False,
               write=parts(annotations={OVERRIDE: "{now} x"}, paused=False),
               annotations={OVERRIDE: "{now} x", **by})
    yield Case("a first hold overridden by its id", stored=held("first"), write=answered("{uid}-1 x"), paused=False,
               annotations={OVERRIDE: "{uid}-1 x", DECIDED_BY: "{uid}-1 {user}"})
    yield Case("a first hold overridden by its word", stored=held("first"), write=answered("first x"), paused=True,
               annotations={HOLD: "{uid}-1", OVERRIDE: "first x", DECIDED_BY: "{uid}-1 {user}"})
    for name, value in (
        ("another hold", "{next} x"), ("an earlier hold", "{uid}-0 x"), ("a hold of another workload", "00000000-1 x"),
        ("the start of an id", "{uid} x"), ("an id that begins alike", "{now}0 x"), ("no reason", "{now}"),
        ("a blank reason", "{now} \u2003\t"), ("nothing", ""), ("only a reason", "x {now}"),
    ):
        yield Case(f"override that names {name}", stored=held(), write=answered(value), paused=True,
                   annotations={HOLD: "{now}", OVERRIDE: value, **by})
    for key in (APPROVE, REFUSE):
        yield Case(f"{key.partition('/')[2]} opens nothing itself", stored=held(), write=answered("{now} ok", key),
                   annotations={HOLD: "{now}", key: "{now} ok", **by}, paused=True)


def _deciders() -> Iterator[Case]:
    """Who decided is stamped by admission, and nobody else can say it."""
    said = {APPROVE: "{now} ok", DECIDED_BY: "{now} joe"}
    yield Case("another answer, another name", stored=held(annotations=said), paused=True,
               write=parts(annotations={APPROVE: "{now} really"}),
               annotations={HOLD: "{now}", APPROVE: "{now} really", DECIDED_BY: "{now} {user}"})
    yield Case("the same answer, the same name", stored=held(annotations=said),
               write=parts(annotations={DECIDED_BY: "x"}),
               annotations={HOLD: "{now}", **said}, paused=True)
    yield Case("an answer taken back", stored=held(annotations=said), write=parts(annotations={APPROVE: None}),
               annotations={HOLD: "{now}", DECIDED_BY: "{now} joe"}, paused=True)
    yield Case("the name taken away", stored=held(annotations=said), write=parts(annotations={DECIDED_BY: None}),
               annotations={HOLD: "{now}", **said}, paused=True)
    yield Case("everything replaced", stored=held(annotations=said), write=NOTHING, how="replace",
               annotations={HOLD: "{now}", DECIDED_BY: "{now} joe"}, paused=True)
    yield Case("a name given with an answer", stored=held(), paused=True,
               write=parts(annotations={REFUSE: "{now} no", DECIDED_BY: "{now} joe"}),
               annotations={HOLD: "{now}", REFUSE: "{now} no", DECIDED_BY: "{now} {user}"})
    yield Case("a name given where nothing is held", stored=NOTHING, write=parts(annotations={DECIDED_BY: "{now} joe"}),
               annotations={}, paused=False)
    yield Case("an answer where nothing is held", stored=NOTHING, write=parts(annotations={OVERRIDE: "{now} x"}),
               annotations={OVERRIDE: "{now} x"}, paused=False)
    yield Case("a name given with a newer template", stored=held(annotations=said), paused=True,
               write=parts(image="2.0", annotations={APPROVE: "{next} ok", DECIDED_BY: "{next} joe"}),
               annotations={HOLD: "{next}", APPROVE: "{next} ok", DECIDED_BY: "{now} joe"})


def _copies() -> Iterator[Case]:
    """`kubectl rollout undo` copies annotations of the past back."""
    past = {HOLD: "{uid}-2", OVERRIDE: "{uid}-2 pager", DECIDED_BY: "{uid}-2 joe"}
    yield Case("undone without a gate", stored=NOTHING, generation=4, write=parts(image="0.9", annotations=past),
               annotations={OVERRIDE: "{uid}-2 pager"}, paused=False)
    yield Case("undone under a gate", stored=NOTHING, generation=4, write=parts(image="0.9", annotations=past),
               annotations={HOLD: "{next}", OVERRIDE: "{uid}-2 pager"}, paused=True, links=(link(),))
    yield Case("undone while held", stored=held(), generation=4, write=parts(image="0.9", annotations=past),
               annotations={HOLD: "{next}", OVERRIDE: "{uid}-2 pager"}, paused=True)
    yield Case("a hold invented", stored=NOTHING, write=parts(annotations={HOLD: "{now}"}, paused=True),
               annotations={}, paused=True)
    yield Case("the next hold invented", stored=NOTHING, write=parts(annotations={HOLD: "{next}"}, paused=True),
               annotations={}, paused=True)
    yield Case("a hold invented with a new template", stored=NOTHING, paused=False,
               write=parts(image="2.0", annotations={HOLD: "{next}"}), annotations={})
    yield Case("a hold invented where it is gated", stored=parts(annotations=GATED), paused=True,
               write=parts(image="2.0", annotations={HOLD: "{next} paused leaked"}), annotations={HOLD: "{next}"})
    yield Case("a hold that is none, for nothing is paused", stored=parts(annotations={HOLD: "{now}"}),
               write=NOTHING, annotations={}, paused=False)


def _exempt() -> Iterator[Case]:
    opened = parts(annotations={HOLD: None}, paused=None)
    yield Case("the operator opens", stored=held(), write=opened, by="operator", annotations={}, paused=False)
    yield Case("an exempt user opens", stored=held(), write=opened, by="exempt", annotations={}, paused=False)
    yield Case("an exempt user's template", stored=parts(annotations=GATED), write=NEW, by="exempt", annotations={},
               paused=False)
    yield Case("the operator holds late", stored=parts(annotations=GATED), by="operator", paused=True,
               write=parts(annotations={HOLD: "{now} leaked", DECIDED_BY: "{now} joe"}, paused=True),
               annotations={HOLD: "{now} leaked", DECIDED_BY: "{now} joe"})
    yield Case("Argo's controller completes a Rollout", stored=parts(annotations=GATED), by="argo", kinds=("Rollout",),
               write=NEW, annotations={}, paused=False)
    yield Case("Argo's controller is nobody to Deployments", stored=parts(annotations=GATED), by="argo",
               kinds=("Deployment",), write=NEW, annotations={HOLD: "{next}"}, paused=True)


CASES: Final[tuple[Case, ...]] = (
    *(*_opting_in(), *_links(), *_creation(), *_staying(), *_moving_on(), *_pauses()),
    *(*_opening(), *_deciders(), *_copies(), *_exempt()),
)
EVERY: Final[tuple[tuple[Case, Kind], ...]] = tuple((case, kind) for case in CASES for kind in case.kinds)
