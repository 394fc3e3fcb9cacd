# METADATA
# title: A leaked key is ended within the time for it
# description: >-
#   Counted from the first commit that shows the key to the day on which it was switched off, or to
#   now while it works. Within the limit this holds so far; leaks.active_key asks for the key's end
#   from the first moment.
# scope: package
# custom:
#   version: 1.1.0
#   severity: high
#   subject: leak
#   needs: [exposures]
#   params:
#     days:
#       description: Days after its first commit within which a leaked key must be off.
#       type: integer
#       minimum: 0
#       maximum: 365
#       default: 1
#       source: "keyproof's own: leaked keys are tried within minutes; a day is what people can keep"
#   message: "open for {open_days:day}; the limit is {limit_days}; still open: {still_open}"
#   remediation: >-
#     Where the key still works, deactivate it now. Where it was late, write down why, and rehearse
#     the way from a finding to a deactivated key.
#   examples:
#     - title: off within hours
#       status: pass
#       subject: {exposures: [{key_state: dead, opened_at: 2026-11-01T08:00:00Z, closed_at: 2026-11-01T12:00:00Z}]}
#     - title: off after a month
#       status: fail
#       subject: {exposures: [{key_state: dead, opened_at: 2026-10-01T08:00:00Z, closed_at: 2026-11-01T12:00:00Z}]}
#     - title: active for a month
#       status: fail
#       subject: {exposures: [{key_state: active, opened_at: 2026-10-21T08:00:00Z}]}
#     - title: active since an hour
#       status: pass
#       subject: {exposures: [{key_state: active, opened_at: 2026-11-20T23:00:00Z}]}
#     - title: it was off before it leaked
#       status: pass
#       subject: {exposures: [{key_state: dead, opened_at: 2026-11-01T08:00:00Z, closed_at: 2026-01-01T00:00:00Z}]}
#     - title: nobody recorded when it went off
#       status: unknown
#       subject: {exposures: [{key_state: dead, opened_at: 2026-10-01T08:00:00Z}]}
#     - title: when it leaked is not known
#       status: unknown
#       subject: {exposures: [{key_state: active}]}
#     - title: it works, and its commit is dated ahead
#       status: unknown
#       subject: {exposures: [{key_state: active, opened_at: 2030-01-01T00:00:00Z}]}
#     - title: whether it works is not known
#       status: unknown
#       subject: {exposures: [{key_state: unknown, opened_at: 2026-10-01T08:00:00Z}]}
#     - title: no inventory lists the key
#       status: unknown
#       subject: {exposures: []}
#     - title: the join could not be made
#       status: unknown
#       subject: {missing_fields: [exposures]}
package keyproof.leaks.contained_in_time

verdict := {true: "fail", false: "pass"}

spoken := {true: "yes", false: "no"}

now := input.as_of_ns

limit := input.params.days if is_number(input.params.days)

limit_ns := limit * 86400000000000

decisions[id] := d if {
	some leak in input.subjects
	id := leak.id
	d := decision(leak)
}

decision(leak) := {"status": "unknown", "reason": "which key this is could not be established"} if leak.exposures == null

decision(leak) := d if {
	is_array(leak.exposures)
	proven := [exposure | some exposure in leak.exposures; exposure.basis != "hint"]
	windows := [window | some exposure in proven; window := lasted(exposure)]
	d := judged(count(proven), windows)
}

# how long a key was open: nanoseconds, whole days, and whether it still is
lasted(exposure) := [now - exposure.opened_at_ns, exposure.opened_at_age_days, true] if {
	exposure.key_state == "active"
	is_number(exposure.opened_at_ns)
	exposure.opened_at_ns <= now # whoever commits sets the date
}

lasted(exposure) := [exposure.closed_at_ns - exposure.opened_at_ns, max([0, days]), false] if {
	exposure.key_state == "dead"
	is_number(exposure.opened_at_ns)
	is_number(exposure.closed_at_ns)
	days := exposure.opened_at_age_days - exposure.closed_at_age_days
}

judged(all_found, _) := {"status": "unknown", "reason": "no inventory that was read lists this key"} if all_found == 0

judged(all_found, windows) := {"status": "unknown", "reason": "from when to when the key was open is not known"} if {
	all_found > count(windows)
	late(windows) == 0
}

judged(all_found, windows) := {"status": status, "evidence": evidence} if {
	all_found > 0
	settled(all_found, windows)
	status := verdict[late(windows) > 0]
	longest := max(windows)
	evidence := {"open_days": longest[1], "limit_days": limit, "still_open": spoken[longest[2]]}
}

late(windows) := count([1 | some window in windows; window[0] > limit_ns])

settled(_, windows) if late(windows) > 0

settled(all_found, windows) if {
	late(windows) == 0
	all_found == count(windows)
}
