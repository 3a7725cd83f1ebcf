import pytest

from app import trace

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("traceparent", "flags"),
    [
        (f"00-{TRACE}-{PARENT}-00", 0),
        (f"00-{TRACE}-{PARENT}-01", 1),
        (f"00-{TRACE}-{PARENT}-03", 3),
        (f"00-{TRACE}-{PARENT}-ff", 3),  # bits without a meaning are not passed on
        (f"01-{TRACE}-{PARENT}-01", 1),
        (f"cc-{TRACE}-{PARENT}-01-what-the-future-brings", 1),
        (f"cc-{TRACE}-{PARENT}-01-", 1),
    ],
)
def test_a_well_formed_traceparent_is_gone_on_with(traceparent, flags):
    taken = trace.take_up(traceparent)
    assert (taken.trace_id, taken.parent_id, taken.flags) == (TRACE, PARENT, flags)
    assert taken.span_id != PARENT


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        "",
        "garbage",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-1",
        f"00-{TRACE}-{PARENT}-01-",
        f"00-{TRACE}-{PARENT}-01-more",
        f"cc-{TRACE}-{PARENT}-01.more",
        f"cc-{TRACE}-{PARENT}-011",
        f"ff-{TRACE}-{PARENT}-01",
        f"0-{TRACE}-{PARENT}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT.upper()}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[1:]}-{PARENT}-01",
        f"00-{TRACE}0-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-0x",
        f" 00-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01\n",
        f"00-{TRACE}-{PARENT}-01,00-{TRACE}-{PARENT}-01",
        f"cc-{TRACE}-{PARENT}-01-\n",
    ],
)
def test_a_malformed_traceparent_counts_as_none(traceparent):
    taken = trace.take_up(traceparent)
    assert taken.trace_id != TRACE
    assert taken.parent_id is None
    assert taken.flags == 0


def test_a_new_trace_has_ids_of_its_own():
    some = [trace.take_up(None) for _ in range(1000)]
    assert len({each.trace_id for each in some}) == 1000
    assert len({each.span_id for each in some}) == 1000
    for each in some:
        assert trace.take_up(f"00-{each.trace_id}-{each.span_id}-00").parent_id


def test_the_client_that_sent_a_trace_gets_it_back(client):
    sent = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    answered = client.get("/get/nothing", headers=sent).headers["traceresponse"]
    version, trace_id, span_id, flags = answered.split("-")
    assert (version, trace_id, flags) == ("00", TRACE, "01")
    assert span_id != PARENT


def test_no_other_client_is_bothered_with_one(client):
    assert "traceresponse" not in client.get("/get/nothing").headers
    sent = {"traceparent": "garbage"}
    assert "traceresponse" not in client.get("/get/nothing", headers=sent).headers


def test_two_traceparents_count_as_none(client):
    sent = [("traceparent", f"00-{TRACE}-{PARENT}-01")] * 2
    assert "traceresponse" not in client.get("/get/nothing", headers=sent).headers
