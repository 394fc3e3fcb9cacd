# METADATA
# title: Accounts that nobody uses hold no active keys
# description: >-
#   An account without a sign of life is one that somebody left behind. A sign is a sign-in, a use of
#   one of its keys, or that the account or a key was made. Where no sign is recent and one of them is
#   not reported, nothing is claimed.
# scope: package
# custom:
#   version: 1.1.0
#   severity: medium
#   subject: principal
#   needs: [active, console_access, created_at, last_seen_at, keys, keys_complete]
#   params:
#     days:
#       description: Days without a sign of life after which an account may hold no active key.
#       type: integer
#       minimum: 1
#       maximum: 3650
#       default: 90
#       source: PCI DSS 4.0.1, 8.2.6 (inactive user accounts)
#   message: "no sign of life for {quiet_days:day}, the limit is {limit_days}; {active_keys:active key}"
#   remediation: >-
#     Ask the owner whether the account is still needed. If not, deactivate its keys and the account,
#     wait, delete both.
#   examples:
#     - title: signed in last week
#       status: pass
#       subject: {last_seen_at: 2026-11-14T00:00:00Z, keys: [{created_at: 2020-01-01T00:00:00Z, last_used_state: never}]}
#     - title: its key was used yesterday
#       status: pass
#       subject: {console_access: false, keys: [{created_at: 2020-01-01T00:00:00Z, last_used_state: known, last_used_at: 2026-11-20T00:00:00Z}]}
#     - title: a use that lies ahead says nothing
#       status: unknown
#       subject: {console_access: false, keys: [{created_at: 2020-01-01T00:00:00Z, last_used_state: known, last_used_at: 2030-11-20T00:00:00Z}]}
#     - title: neither for a year
#       status: fail
#       subject: {console_access: true, last_seen_at: 2025-11-14T00:00:00Z, keys: [{created_at: 2020-01-01T00:00:00Z, last_used_state: known, last_used_at: 2025-11-20T00:00:00Z}]}
#     - title: a program's account whose key was never used
#       status: fail
#       subject: {console_access: false, keys: [{created_at: 2020-01-01T00:00:00Z, last_used_state: never}]}
#     - title: whether its key is used is not reported
#       status: unknown
#       subject: {console_access: false, keys: [{created_at: 2020-01-01T00:00:00Z, last_used_state: not_supported}]}
#     - title: whether it signed in is not known
#       status: unknown
#       subject: {console_access: true, keys: [{created_at: 2020-01-01T00:00:00Z, last_used_state: never}]}
#     - title: when it signed in could not be read
#       status: unknown
#       subject: {console_access: true, last_seen_at: 2025-11-14T00:00:00Z, keys: [{created_at: 2020-01-01T00:00:00Z, last_used_state: never}], missing_fields: [last_seen_at]}
#     - title: not every key could be read
#       status: unknown
#       subject: {console_access: false, keys: [{created_at: 2020-01-01T00:00:00Z, last_used_state: never}], keys_complete: false}
#     - title: it has no active key
#       status: skip
#       subject: {last_seen_at: 2020-01-01T00:00:00Z, keys: [{status: deactivated}]}
#     - title: an account that is off
#       status: skip
#       subject: {active: false, keys: [{}]}
package keyproof.principals.dormant

usable := {"active", "pre_active", "compromised"}

now := input.as_of_ns

limit := input.params.days if is_number(input.params.days)

day_ns := 86400000000000

limit_ns := limit * day_ns

decisions[id] := d if {
	some principal in input.subjects
	id := principal.id
	d := decision(principal)
}

decision(principal) := {"status": "skip", "reason": "the account is off; principals.offboarded looks at its keys"} if principal.active == false

decision(principal) := {"status": "unknown", "reason": "the account's keys could not be read"} if {
	not principal.active == false
	principal.keys == null
}

decision(principal) := d if {
	not principal.active == false
	is_array(principal.keys)
	active := [key | some key in principal.keys; key.status in usable]
	d := held(principal, active, dark(principal))
}

# what is not known: whether there are more keys, whether they are used, whether anybody signed in
dark(principal) := count([1 | some key in principal.keys; unsure(key)]) + unseen(principal)

unsure(key) if key.status == null

unsure(key) if {
	key.status in usable
	not key.last_used_state in {"known", "never"}
}

unsure(key) if {
	key.last_used_state == "known"
	key.last_used_at_ns == null
}

unsure(key) if ahead(key.last_used_at_ns)

ahead(ns) if {
	is_number(ns)
	ns - now > day_ns
}

unseen(principal) := 1 if ahead(principal.last_seen_at_ns)

unseen(principal) := 1 if {
	principal.last_seen_at_ns == null
	principal.console_access != false
}

unseen(principal) := 1 if {
	principal.keys_complete == false
	seen(principal)
}

unseen(principal) := 0 if {
	principal.keys_complete == true
	seen(principal)
}

seen(principal) if {
	is_number(principal.last_seen_at_ns)
	not ahead(principal.last_seen_at_ns)
}

seen(principal) if {
	principal.last_seen_at_ns == null
	principal.console_access == false
}

signs(principal) := {[ns, days] |
	some [ns, days] in array.concat(
		[
			[principal.last_seen_at_ns, principal.last_seen_at_age_days],
			[principal.created_at_ns, principal.created_at_age_days],
		],
		array.concat(
			[[key.last_used_at_ns, key.last_used_at_age_days] | some key in principal.keys],
			[[key.created_at_ns, key.created_at_age_days] | some key in principal.keys],
		),
	)
	is_number(ns)
	not ahead(ns)
}

held(_, active, unknowns) := {"status": "skip", "reason": "the account has no active key"} if {
	active == []
	unknowns == 0
}

held(principal, active, unknowns) := {"status": "skip", "reason": "the account has no active key"} if {
	active == []
	unknowns > 0
	principal.keys_complete == true
	count([1 | some key in principal.keys; key.status == null]) == 0
}

held(principal, active, unknowns) := {"status": "unknown", "reason": "whether the account has an active key is not known"} if {
	active == []
	unknowns > 0
	count([1 | some key in principal.keys; key.status == null]) + count([1 | principal.keys_complete == false]) > 0
}

held(principal, active, unknowns) := d if {
	active != []
	d := quiet(signs(principal), count(active), unknowns)
}

quiet(found, _, _) := {"status": "unknown", "reason": "there is no sign of life with a date"} if found == set()

quiet(found, active, unknowns) := d if {
	found != set()
	newest := max(found)
	d := judged(now - newest[0], newest[1], active, unknowns)
}

judged(idle, days, active, _) := {"status": "pass", "evidence": told(days, active)} if idle <= limit_ns

judged(idle, days, active, unknowns) := {"status": "fail", "evidence": told(days, active)} if {
	idle > limit_ns
	unknowns == 0
}

judged(idle, _, _, unknowns) := {"status": "unknown", "reason": "not every sign of life is reported"} if {
	idle > limit_ns
	unknowns > 0
}

told(days, active) := {"quiet_days": days, "limit_days": limit, "active_keys": active}
