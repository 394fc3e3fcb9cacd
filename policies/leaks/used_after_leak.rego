# METADATA
# title: No leaked key was used after it leaked
# description: >-
#   A use after the first commit that shows a key may be its owner's, or somebody else's. Either way
#   it has to be explained before the incident is closed, also when the key is dead by now.
# scope: package
# custom:
#   version: 1.0.0
#   severity: critical
#   subject: leak
#   needs: [exposures]
#   params: {}
#   message: "{used_keys:key} of {joined_keys} used after the leak"
#   remediation: >-
#     Take the issuer's log from the first commit to the key's end, and account for every use. What
#     nobody can explain is an incident: follow its trail before anything is deleted.
#   examples:
#     - title: last used before it leaked
#       status: pass
#       subject: {exposures: [{used_after_leak: "no"}]}
#     - title: used since
#       status: fail
#       subject: {exposures: [{used_after_leak: "yes", key_state: dead}]}
#     - title: one of two was used since
#       status: fail
#       subject: {exposures: [{used_after_leak: unknown}, {used_after_leak: "yes"}]}
#     - title: the last use is not known
#       status: unknown
#       subject: {exposures: [{used_after_leak: unknown}]}
#     - title: only a masked value fits
#       status: unknown
#       subject: {exposures: [{basis: hint, used_after_leak: "yes"}]}
#     - title: no inventory lists the key
#       status: unknown
#       subject: {exposures: []}
#     - title: the join could not be made
#       status: unknown
#       subject: {missing_fields: [exposures]}
package keyproof.leaks.used_after_leak

decisions[id] := d if {
	some leak in input.subjects
	id := leak.id
	d := decision(leak)
}

decision(leak) := {"status": "unknown", "reason": "which key this is could not be established"} if leak.exposures == null

decision(leak) := d if {
	is_array(leak.exposures)
	proven := [exposure | some exposure in leak.exposures; exposure.basis != "hint"]
	used := count([1 | some exposure in proven; exposure.used_after_leak == "yes"])
	unused := count([1 | some exposure in proven; exposure.used_after_leak == "no"])
	d := judged(count(proven), used, unused)
}

judged(all_found, _, _) := {"status": "unknown", "reason": "no inventory that was read lists this key"} if all_found == 0

judged(all_found, used, _) := {"status": "fail", "evidence": {"used_keys": used, "joined_keys": all_found}} if used > 0

judged(all_found, used, unused) := {"status": "pass", "evidence": {"used_keys": used, "joined_keys": all_found}} if {
	all_found > 0
	unused == all_found
}

judged(all_found, used, unused) := {"status": "unknown", "reason": "whether the key was used after the leak is not known"} if {
	used == 0
	unused < all_found
}
