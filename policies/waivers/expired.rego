# METADATA
# title: No exception is past its end
# description: >-
#   An expired waiver has no effect: what it covered is a finding again. Left in the file, it reads as
#   if somebody still accepted that; either the risk is gone, or the exception is asked for anew.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: waiver
#   needs: [days_left, findings, policy]
#   params: {}
#   message: "of {policy}, expired: {expired}; {findings:finding} under it"
#   remediation: >-
#     If its findings are mended, take the waiver out of the file. If not, mend them, or ask for a new
#     waiver with a new reason, and have somebody else approve it.
#   examples:
#     - title: it ends today
#       status: pass
#       subject: {days_left: 0}
#     - title: it ended yesterday
#       status: fail
#       subject: {days_left: -1, findings: 2}
#     - title: its end is not known
#       status: unknown
#       subject: {missing_fields: [days_left]}
package keyproof.waivers.expired

verdict := {true: "fail", false: "pass"}

decisions[id] := d if {
	some waiver in input.subjects
	id := waiver.id
	d := decision(waiver)
}

decision(waiver) := {"status": "unknown", "reason": "the waiver's end is not known"} if null in {waiver.days_left, waiver.findings, waiver.policy}

decision(waiver) := {"status": status, "evidence": {"policy": waiver.policy, "expired": over, "findings": waiver.findings}} if {
	is_number(waiver.days_left)
	is_number(waiver.findings)
	is_string(waiver.policy)
	over := waiver.days_left < 0
	status := verdict[over]
}
