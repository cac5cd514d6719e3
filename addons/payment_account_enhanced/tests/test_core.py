from odoo.tests.common import BaseCase

from ..core import chain, digest, guard, policy, states
from ..core.bypasses import bypasses
from ..core.ratelimit import RateLimit


class TestStates(BaseCase):
    def test_payment_follows_odoo(self):
        self.assertEqual(states.follow("approved", "posted"), "posted")
        self.assertEqual(states.follow("posted", "draft"), "draft")
        self.assertEqual(states.follow("under_review", "draft"), "under_review")
        self.assertEqual(states.follow("draft", "cancelled"), "cancelled")

    def test_void_stays_void(self):
        for status in ("posted", "cancelled"):
            self.assertEqual(states.follow("void", status), "void")

    def test_every_waiting_state_has_a_next_step(self):
        self.assertEqual(set(states.NEXT_STEP), set(states.WAITING))


class TestPolicy(BaseCase):
    def needs(self, mode, payment_type="outbound", amount=100.0, listed=False):
        asked = policy.Policy(mode, minimum=100.0)
        return policy.needs_approval(asked, payment_type, amount, listed)

    def test_modes(self):
        self.assertFalse(self.needs("none"))
        self.assertTrue(self.needs("outbound"))
        self.assertFalse(self.needs("outbound", payment_type="inbound"))
        self.assertTrue(self.needs("all", payment_type="inbound"))
        self.assertFalse(self.needs("amount"))
        self.assertTrue(self.needs("amount", amount=100.01))
        self.assertTrue(self.needs("journal", listed=True))
        self.assertFalse(self.needs("journal"))
        with self.assertRaises(KeyError):
            self.needs("sometimes")

    def test_authorization_is_above_the_threshold(self):
        asked = policy.Policy("all", authorization_above=500.0)
        self.assertFalse(policy.needs_authorization(asked, 500.0))
        self.assertTrue(policy.needs_authorization(asked, 500.01))
        self.assertFalse(policy.needs_authorization(policy.Policy("all"), 1e9))

    def test_steps_per_person(self):
        self.assertTrue(policy.may_take_step(["ann"], "bob", small_team=False))
        self.assertFalse(policy.may_take_step(["ann", "bob"], "bob", small_team=False))
        self.assertTrue(policy.may_take_step(["ann", "bob"], "bob", small_team=True))
        self.assertFalse(policy.may_take_step(["bob", "bob"], "bob", small_team=True))
        self.assertEqual(policy.repeated(["ann", "bob", "ann", "ann"]), ["ann"])


class TestDigest(BaseCase):
    def test_order_of_keys_does_not_matter(self):
        one = digest.digest({"a": "1", "b": [1, None]})
        self.assertEqual(one, digest.digest({"b": [1, None], "a": "1"}))
        self.assertEqual(len(one), 64)

    def test_every_value_matters(self):
        self.assertNotEqual(digest.digest({"a": "1"}), digest.digest({"a": "1.0"}))
        self.assertNotEqual(digest.digest({"a": "ä"}), digest.digest({"a": "a"}))

    def test_floats_are_refused(self):
        with self.assertRaises(TypeError):
            digest.canonical({"a": [{"b": 0.1}]})

    def test_differences_name_the_keys(self):
        before, after = {"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}
        self.assertEqual(digest.differences(before, after), {"b": (2, 3), "c": (None, 4)})


class TestChain(BaseCase):
    def lines(self):
        lines = []
        for index, event in enumerate(("submit", "review", "approve")):
            line = dict.fromkeys(chain.FIELDS, "") | {
                "event": event,
                "payment_key": 7,
                "user_id": 2 + index,
                "date": "2024-01-01 00:00:00",
                "previous_hash": lines[-1]["hash"] if lines else "",
            }
            line["hash"] = chain.link_hash(line)
            lines.append(line)
        return lines

    def test_whole_chain(self):
        self.assertIsNone(chain.first_break(self.lines()))
        self.assertIsNone(chain.first_break([]))

    def test_changed_line(self):
        for name in chain.FIELDS:
            lines = self.lines()
            lines[1][name] = "forged"
            self.assertEqual(chain.first_break(lines), 1, name)

    def test_missing_line(self):
        lines = self.lines()
        del lines[1]
        self.assertEqual(chain.first_break(lines), 1)


class TestGuard(BaseCase):
    def test_only_the_object_itself_lifts(self):
        class Env:
            context = {}

        env = Env()
        for value in (True, 1, "SENTINEL", [True, None], (True, None), {}, object()):
            env.context = {guard.KEY: value}
            self.assertFalse(guard.is_lifted(env), value)
            self.assertFalse(guard.permits(env, 1), value)

    def test_permit_for_everything_and_for_some(self):
        class Env:
            context = {guard.KEY: (guard.SENTINEL, None)}

        self.assertTrue(guard.is_lifted(Env))
        self.assertTrue(guard.permits(Env, 1))
        Env.context = {guard.KEY: (guard.SENTINEL, frozenset([1]))}
        self.assertFalse(guard.is_lifted(Env))
        self.assertTrue(guard.permits(Env, 1))
        self.assertFalse(guard.permits(Env, 2))


class TestRateLimit(BaseCase):
    def test_window_slides(self):
        limit = RateLimit(limit=2, window=10)
        self.assertTrue(limit.allows("a", 0))
        self.assertTrue(limit.allows("a", 1))
        self.assertFalse(limit.allows("a", 9))
        self.assertTrue(limit.allows("b", 9))
        self.assertTrue(limit.allows("a", 10.5))

    def test_memory_is_bounded(self):
        limit = RateLimit(limit=1, window=10, clients=100)
        for client in range(1000):
            limit.allows(client, 0)
        self.assertEqual(len(limit._seen), 100)


class TestBypasses(BaseCase):
    def test_codes_are_unique_and_every_series_has_its_own(self):
        sample = dict.fromkeys(
            [
                "payment",
                "amount",
                "other_partner",
                "other_currency",
                "other_account",
                "other_bank",
                "bill",
                "partner",
                "other_method_line",
                "other_journal",
                "liquidity_line",
                "counterpart_line",
                "move",
                "entry_alone",
                "partial",
                "full",
                "journal",
                "message",
                "attachment",
                "other_payment",
                "other_move",
                "other_bill",
                "company",
                "history",
            ],
            1,
        ) | {"new_payment": {}}
        for series in (17, 18, 19):
            codes = [bypass.code for bypass in bypasses(sample, series)]
            self.assertEqual(len(codes), len(set(codes)))
            self.assertGreater(len(codes), 80)
            self.assertEqual("payment.action_validate" in codes, series >= 18)
