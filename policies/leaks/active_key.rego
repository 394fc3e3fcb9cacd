# METADATA
# title: A leaked key is dead
# description: >-
#   A secret in git history stays there for whoever has a clone. What counts is whether the key that
#   it is can still be used. No baseline and no comment accepts this: only the key's end does.
# scope: package
# custom:
#   version: 1.0.0
#   severity: critical
#   subject: leak
#   needs: [exposures]
#   params: {}
#   message: "keys that this leak is: {active} active, {dead} dead, {undecided} unknown; used since the leak: {used_since}"
#   remediation: >-
#     Rotate the key now, deactivate the leaked one, and look through its issuer's log for uses since
#     the first commit. Rewriting history comes after, and helps nobody who has the secret already.
#   examples:
#     - title: the key was deactivated
#       status: pass
#       subject: {exposures: [{key_state: dead, key: {status: deactivated}}]}
#     - title: the key is active
#       status: fail
#       subject: {exposures: [{key_state: active, used_after_leak: "yes", key: {}}]}
#     - title: one of two keys is active
#       status: fail
#       subject: {exposures: [{key_state: dead, key: {status: deactivated}}, {key_state: active, key: {}}]}
#     - title: only a masked value fits
#       status: unknown
#       subject: {exposures: [{basis: hint, key_state: active, key: {}}]}
#     - title: no inventory lists the key
#       status: unknown
#       subject: {exposures: []}
#     - title: the key's state is not known
#       status: unknown
#       subject: {exposures: [{key_state: unknown, key: {status: compromised}}]}
#     - title: the join could not be made
#       status: unknown
#       subject: {missing_fields: [exposures]}
package keyproof.leaks.active_key

verdict := {true: "fail", false: "pass"}

decisions[id] := d if {
	some leak in input.subjects
	id := leak.id
	d := decision(leak)
}

decision(leak) := {"status": "unknown", "reason": "which key this is could not be established"} if leak.exposures == null

decision(leak) := d if {
	is_array(leak.exposures)
	proven := [exposure | some exposure in leak.exposures; exposure.basis != "hint"]
	d := judged(proven, count(leak.exposures))
}

having(proven, state) := count([1 | some exposure in proven; exposure.key_state == state])

judged(proven, all_found) := {"status": "unknown", "reason": "no inventory that was read lists this key"} if {
	count(proven) == 0
	all_found == 0
}

judged(proven, all_found) := {"status": "unknown", "reason": "only a masked value fits, which proves nothing"} if {
	count(proven) == 0
	all_found > 0
}

judged(proven, _) := {"status": "unknown", "reason": "whether the key can still be used is not known"} if {
	count(proven) > 0
	having(proven, "active") == 0
	having(proven, null) > 0
}

judged(proven, _) := {"status": status, "evidence": evidence} if {
	count(proven) > 0
	active := having(proven, "active")
	undecided := having(proven, null)
	decided(active, undecided)
	status := verdict[active > 0]
	evidence := {
		"active": active,
		"dead": having(proven, "dead"),
		"undecided": undecided,
		"used_since": used_since(proven),
	}
}

decided(active, _) if active > 0

decided(_, undecided) if undecided == 0

statements(proven) := {exposure.used_after_leak | some exposure in proven}

used_since(proven) := "yes" if "yes" in statements(proven)

used_since(proven) := "no" if statements(proven) == {"no"}

used_since(proven) := "not known" if {
	not "yes" in statements(proven)
	statements(proven) != {"no"}
}
