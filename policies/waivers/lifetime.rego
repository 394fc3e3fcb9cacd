# METADATA
# title: No exception lasts too long
# description: >-
#   An accepted risk is looked at again before long. A waiver that lasts for years is a rule that nobody
#   decided.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: waiver
#   needs: [lifetime_days, policy]
#   params:
#     max_days:
#       description: How many days a waiver may last, from the day it was made.
#       type: integer
#       minimum: 1
#       maximum: 3650
#       default: 365
#       source: "Delegated Regulation (EU) 2024/1774, 3(d)(iv): accepted risks are reviewed at least once a year"
#   message: "of {policy}, lasts {lifetime_days:day}; the limit is {limit_days}"
#   remediation: >-
#     Bring its end forward, and put the review into the approver's calendar.
#   examples:
#     - title: a year
#       status: pass
#       subject: {lifetime_days: 365}
#     - title: ten years
#       status: fail
#       subject: {lifetime_days: 3652}
#     - title: how long it lasts is not known
#       status: unknown
#       subject: {missing_fields: [lifetime_days]}
package keyproof.waivers.lifetime

verdict := {true: "fail", false: "pass"}

limit := input.params.max_days if is_number(input.params.max_days)

decisions[id] := d if {
	some waiver in input.subjects
	id := waiver.id
	d := decision(waiver)
}

decision(waiver) := {"status": "unknown", "reason": "how long the waiver lasts is not known"} if null in {waiver.lifetime_days, waiver.policy}

decision(waiver) := {"status": status, "evidence": {"policy": waiver.policy, "lifetime_days": waiver.lifetime_days, "limit_days": limit}} if {
	is_number(waiver.lifetime_days)
	is_string(waiver.policy)
	status := verdict[waiver.lifetime_days > limit]
}
