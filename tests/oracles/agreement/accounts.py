"""Accounts, trust and money: specs/agreement.md, sections 1 and 2."""
ONE = 65536
NODE = 1


class Refused(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Refused(why)


class Record:
    def __init__(self, **fields):
        self.__dict__.update(fields)


def new_account(key):
    return Record(key=key, balance=0, stake=0, unbonding=0, free_ms=0, number=0, frozen=0, trials=0, correct=ONE,
                  timely=ONE, holds=set(), grown=-1, successes=0, wrongs=0, silences=0, slashes=0, lost=0)


class Accounts:
    """What a ledger has of it; state.Ledger has the rest."""

    def account(self, key):
        return self.accounts.setdefault(key, new_account(key))

    def has(self, key, amount):
        return key in self.accounts and self.accounts[key].balance >= amount

    def newest(self):
        return self.registries[-1][1] if self.registries else None

    def in_force(self, time_ms):
        epoch = time_ms // self.parameters["epoch_ms"]
        earlier = [registry for at, registry in self.registries if at // self.parameters["epoch_ms"] < epoch]
        return earlier[-1] if earlier else None

    def is_newest_node(self, key):
        return self.newest() is not None and self.newest()["by_key"].get(key, {}).get("role") == NODE

    def weight(self, account):
        return account.stake * min(account.correct, account.timely) // ONE

    def mark(self, account, name, is_success):
        p = self.parameters
        value = getattr(account, name) * p["success_factor" if is_success else "fault_factor"] // ONE
        setattr(account, name, max(p["trust_min"], min(p["trust_max"], value)))

    def holds(self, account, model, first, last):
        return any(m == model and f <= first and last <= l for m, f, l in account.holds)

    def fee_of(self, contest):
        p = self.parameters
        return contest.job.fee if contest.dispute is None else p["dispute_bond"] // p["referees"]

    def is_present(self, contest, key):
        return contest.present["by_key"].get(key, {}).get("role") == NODE

    def may_be_drawn(self, contest, key):
        member, account = contest.registry["by_key"].get(key), self.accounts.get(key)
        return (member is not None and account is not None and member["role"] == NODE and member["vrf"] != b"" and
                account.stake >= self.parameters["stake_min"] and account.trials >= self.parameters["trials"] and
                account.stake * self.parameters["slash_permille"] // 1000 >= self.fee_of(contest) and
                self.holds(account, contest.job.model, contest.first, contest.last) and
                self.weight(account) > 0 and self.is_present(contest, key) and member["operator"] not in contest.excluded)

    # --- money

    def take(self, account, amount):
        """Stake first, then what is unbonding."""
        from_stake = min(amount, account.stake)
        account.stake -= from_stake
        account.unbonding -= amount - from_stake

    def slash(self, account):
        taken = (account.stake + account.unbonding) * self.parameters["slash_permille"] // 1000
        self.take(account, taken)
        self.mark(account, "correct", False)
        account.slashes += 1
        return taken

    def divide(self, taken, winner):
        bounty = taken * self.parameters["bounty_permille"] // 1000 if winner is not None else 0
        if winner is not None:
            self.account(winner).balance += bounty
        self.treasury += taken - bounty

    def success(self, account, is_earned):
        account.successes += 1
        if is_earned:
            self.mark(account, "correct", True)
            self.mark(account, "timely", True)

    # --- entries

    def apply_deposit(self, writer, body, entry):
        need(writer == self.charter["founder"], "by the founder")
        need(self.deposited + body["amount"] < 2**53, "too much")
        self.deposited += body["amount"]
        self.account(body["account"]).balance += body["amount"]

    def apply_withdraw(self, writer, body, entry):
        need(self.has(writer, body["amount"]), "more than the balance")
        self.accounts[writer].balance -= body["amount"]
        self.withdrawn += body["amount"]

    def apply_stake(self, writer, body, entry):
        need(self.is_newest_node(writer), "not a node")
        need(self.has(writer, body["amount"]), "more than the balance")
        account = self.accounts[writer]
        account.balance -= body["amount"]
        account.stake += body["amount"]
        account.grown = self.position

    def apply_unstake(self, writer, body, entry):
        account = self.accounts.get(writer)
        need(account is not None and account.stake >= body["amount"], "more than the stake")
        account.stake -= body["amount"]
        account.unbonding += body["amount"]
        account.free_ms = self.now + self.parameters["unbonding_ms"]

    def apply_release(self, writer, body, entry):
        account = self.accounts.get(writer)
        need(account is not None and account.unbonding > 0, "nothing unbonding")
        over = [seat for segment in self.due_windows() for seat in self.seats_behind(segment) if seat.node == writer]
        need(self.now >= account.free_ms and account.frozen == len(over), "not yet")
        account.balance += account.unbonding
        account.unbonding = 0

    def apply_hold(self, writer, body, entry):
        need(self.is_newest_node(writer), "not a node")
        held, what = self.account(writer).holds, (body["model"], body["first"], body["last"])
        if body["drop"]:
            need(what in held, "not held")
            held.remove(what)
            return
        need(what not in held and len(held) < 64, "held already, or too many")
        held.add(what)
        self.accounts[writer].grown = self.position
