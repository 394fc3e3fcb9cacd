# METADATA
# title: keyproof signs in with keys that can only read
# description: >-
#   The tool that watches keys must not itself be the widest way in. It needs to list and to read; what
#   may change, trade or withdraw would be a gift to whoever gets hold of its configuration.
# scope: package
# custom:
#   version: 1.0.0
#   severity: high
#   subject: key
#   needs: [status, used_by_keyproof, privilege_level, can_withdraw, can_trade]
#   params: {}
#   message: "keyproof signs in with a key that can: {powers}"
#   remediation: >-
#     Give keyproof an identity of its own with the read rights that 'keyproof doctor' lists, and no
#     others; configure that, then end this key or give it back to its owner.
#   examples:
#     - title: it can read
#       status: pass
#       subject: {used_by_keyproof: true, privilege_level: read}
#     - title: it can write
#       status: fail
#       subject: {used_by_keyproof: true, privilege_level: write}
#     - title: it can trade, whatever else is not known
#       status: fail
#       subject: {used_by_keyproof: true, can_trade: true}
#     - title: what it can do is not known
#       status: unknown
#       subject: {used_by_keyproof: true}
#     - title: whether keyproof uses the key could not be read
#       status: unknown
#       subject: {privilege_level: read, missing_fields: [used_by_keyproof]}
#     - title: somebody else's key
#       status: skip
#       subject: {used_by_keyproof: false, privilege_level: admin}
#     - title: nothing says that keyproof uses it
#       status: skip
#       subject: {privilege_level: admin}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated, used_by_keyproof: true, privilege_level: admin}
package keyproof.keys.own_read_only

usable := {"active", "pre_active", "compromised"}

verdict := {true: "pass", false: "fail"}

harmless := {"none", "read"}

decisions[id] := d if {
	some key in input.subjects
	id := key.id
	d := decision(key)
}

decision(key) := {"status": "unknown", "reason": "the key's status is not known"} if key.status == null

decision(key) := {"status": "skip", "reason": "the key is not active"} if {
	is_string(key.status)
	not key.status in usable
}

decision(key) := {"status": "unknown", "reason": "whether keyproof signs in with the key could not be read"} if {
	key.status in usable
	key.used_by_keyproof == null
	"used_by_keyproof" in key.missing_fields
}

decision(key) := {"status": "skip", "reason": "nothing says that keyproof signs in with it"} if {
	key.status in usable
	key.used_by_keyproof == null
	not "used_by_keyproof" in key.missing_fields
}

decision(key) := {"status": "skip", "reason": "keyproof does not sign in with it"} if {
	key.status in usable
	key.used_by_keyproof == false
}

decision(key) := d if {
	key.status in usable
	key.used_by_keyproof == true
	d := judged(key.privilege_level, powers(key))
}

powers(key) := sort(((level(key) | trade(key)) | withdraw(key)))

level(key) := {key.privilege_level} if {
	is_string(key.privilege_level)
	not key.privilege_level in harmless
}

level(key) := set() if key.privilege_level in (harmless | {null})

trade(key) := {"trade"} if key.can_trade == true

trade(key) := set() if key.can_trade != true

withdraw(key) := {"withdraw"} if key.can_withdraw == true

withdraw(key) := set() if key.can_withdraw != true

judged(_, held) := {"status": "fail", "evidence": {"powers": held}} if count(held) > 0

judged(privilege, held) := {"status": "unknown", "reason": "what the key can do is not known"} if {
	privilege == null
	count(held) == 0
}

judged(privilege, held) := {"status": status, "evidence": {"powers": [privilege]}} if {
	is_string(privilege)
	count(held) == 0
	status := verdict[privilege in harmless]
}
