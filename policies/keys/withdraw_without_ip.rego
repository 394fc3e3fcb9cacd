# METADATA
# title: Keys that move money work only from known networks
# description: >-
#   Whoever holds an exchange key that may withdraw holds the funds. Such a key must at least be
#   bound to addresses; whether it should exist is decided by keys.least_privilege.
# scope: package
# custom:
#   version: 1.0.0
#   severity: critical
#   subject: key
#   needs: [status, can_withdraw, scopes_known, network_restrictions]
#   params: {}
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

everywhere := {"0.0.0.0/0", "::/0"}

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
	some key in movers
	key.network_restrictions_state == "restricted"
	id := key.id
	is_array(key.network_restrictions_cidrs)
	open := {range | some range in key.network_restrictions_cidrs} & everywhere
	status := verdict[count(open) > 0]
	d := {"status": status, "evidence": {"network": concat(", ", sort(key.network_restrictions_cidrs))}}
}
