# METADATA
# title: Keys that move money work only from known networks
# description: >-
#   Whoever holds an exchange key that may withdraw holds the funds. Such a key must at least be
#   bound to addresses; whether it should exist is decided by keys.least_privilege.
# scope: package
# custom:
#   version: 1.1.0
#   severity: critical
#   subject: key
#   needs: [status, can_withdraw, scopes_known, network_restrictions]
#   params:
#     open_ranges:
#       description: Ranges that restrict nothing; one with a prefix of length 0 never does, however it is written.
#       type: array
#       minItems: 1
#       items: {type: string}
#       default: ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1", "*", "any"]
#       source: "IETF RFC 4632 (a prefix of length 0 is every address); halves and words are keyproof's own"
#   message: "may withdraw, from: {network}"
#   remediation: >-
#     Take the right to withdraw from the key, or bind it to the addresses of the one service that
#     withdraws and to an allow-list of destinations.
#   examples:
#     - title: it may withdraw, from one address
#       status: pass
#       subject: {can_withdraw: true, network_restrictions: {state: restricted, cidrs: [203.0.113.7/32]}}
#     - title: it may withdraw, from anywhere
#       status: fail
#       subject: {can_withdraw: true, network_restrictions: {state: unrestricted}}
#     - title: it may withdraw, from every address that there is
#       status: fail
#       subject: {can_withdraw: true, network_restrictions: {state: restricted, cidrs: [0.0.0.0/0]}}
#     - title: it may withdraw, from networks that its issuer does not name
#       status: pass
#       subject: {can_withdraw: true, network_restrictions: {state: restricted}}
#     - title: it may withdraw, for whoever sends the right Referer
#       status: fail
#       subject: {can_withdraw: true, network_restrictions: {state: restricted, referrers: [shop.example.org]}}
#     - title: it may withdraw, from where is not known
#       status: unknown
#       subject: {can_withdraw: true}
#     - title: what it may is not known
#       status: unknown
#       subject: {can_withdraw: null, network_restrictions: {state: unrestricted}}
#     - title: what it may could not be read
#       status: unknown
#       subject: {can_withdraw: false, scopes_known: true, missing_fields: [scopes]}
#     - title: it may not withdraw
#       status: skip
#       subject: {can_withdraw: false, network_restrictions: {state: unrestricted}}
#     - title: the rights were read whole, and withdrawing is none of them
#       status: skip
#       subject: {can_withdraw: null, scopes_known: true, network_restrictions: {state: unrestricted}}
#     - title: a key that is off
#       status: skip
#       subject: {status: suspended, can_withdraw: true}
package keyproof.keys.withdraw_without_ip

usable := {"active", "pre_active", "compromised"}

verdict := {true: "fail", false: "pass"}

open_ranges := {range | some range in input.params.open_ranges}

active := [key | some key in input.subjects; key.status in usable]

decisions[id] := d if {
	some key in input.subjects
	key.status == null
	id := key.id
	d := {"status": "unknown", "reason": "the key's status is not known"}
}

decisions[id] := d if {
	some key in input.subjects
	is_string(key.status)
	not key.status in usable
	id := key.id
	d := {"status": "skip", "reason": "the key is not active"}
}

decisions[id] := d if {
	some key in active
	key.can_withdraw == false
	id := key.id
	d := {"status": "skip", "reason": "the key may not withdraw"}
}

decisions[id] := d if {
	some key in active
	key.can_withdraw == null
	key.scopes_known == true
	id := key.id
	d := {"status": "skip", "reason": "the key's issuer knows no such right"}
}

decisions[id] := d if {
	some key in active
	key.can_withdraw == null
	not key.scopes_known == true
	id := key.id
	d := {"status": "unknown", "reason": "whether the key may withdraw is not known"}
}

movers := [key | some key in active; key.can_withdraw == true]

decisions[id] := d if {
	some key in movers
	key.network_restrictions_state == null
	id := key.id
	d := {"status": "unknown", "reason": "from where the key may withdraw is not known"}
}

decisions[id] := d if {
	some key in movers
	key.network_restrictions_state == "unrestricted"
	id := key.id
	d := {"status": "fail", "evidence": {"network": "anywhere"}}
}

decisions[id] := d if {
	count(open_ranges) > 0
	some key in movers
	key.network_restrictions_state == "restricted"
	id := key.id
	is_array(key.network_restrictions_cidrs)
	open := count([1 | some range in key.network_restrictions_cidrs; lets_all_in(range)])
	d := bound(key, array.concat(key.network_restrictions_cidrs, key.network_restrictions_zones), open)
}

lets_all_in(range) if range in open_ranges

lets_all_in(range) if endswith(range, "/0")

bound(_, places, open) := {"status": status, "evidence": {"network": concat(", ", sort(places))}} if {
	count(places) > 0
	status := verdict[open > 0]
}

# anybody can send a Referer
bound(key, places, _) := {"status": status, "evidence": {"network": unnamed[status]}} if {
	count(places) == 0
	status := verdict[count(key.network_restrictions_referrers) > 0]
}

unnamed := {"pass": "networks that its issuer does not name", "fail": "anywhere, with the right Referer"}
