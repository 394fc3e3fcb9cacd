# METADATA
# title: A key that was ended is not accepted any more
# description: >-
#   A use after a key was switched off, or after it expired, shows that somewhere it is still accepted:
#   a cache that is too slow, a replica that was forgotten, a check that is not made.
# scope: package
# custom:
#   version: 1.0.0
#   severity: critical
#   subject: key
#   needs: [status, deactivated_at, expires_at, last_used_at, last_used_state, last_used_precision]
#   params:
#     grace_minutes:
#       description: How many minutes caches may go on accepting a key that was ended.
#       type: integer
#       minimum: 0
#       maximum: 1440
#       default: 60
#       source: keyproof's own; NIST SP 800-53 r5, IA-5(13) has the organisation set it
#   message: "{ended}, and last used {used}"
#   remediation: >-
#     Find what accepted the key (the issuer's log names it), have it look up the key's state, and
#     purge its cache. Treat the use as an incident until somebody can account for it.
#   examples:
#     - title: switched off, and not used since
#       status: pass
#       subject: {status: deactivated, deactivated_at: 2026-11-01T00:00:00Z, last_used_state: known, last_used_at: 2026-10-31T00:00:00Z}
#     - title: used a week after it was switched off
#       status: fail
#       subject: {status: deactivated, deactivated_at: 2026-11-01T00:00:00Z, last_used_state: known, last_used_at: 2026-11-08T00:00:00Z}
#     - title: used after it expired
#       status: fail
#       subject: {status: expired, expires_at: 2026-11-01T00:00:00Z, last_used_state: known, last_used_at: 2026-11-08T00:00:00Z}
#     - title: never used
#       status: pass
#       subject: {status: deactivated, deactivated_at: 2026-11-01T00:00:00Z, last_used_state: never}
#     - title: last used on the day of its end, at an unknown hour
#       status: unknown
#       subject: {status: deactivated, deactivated_at: 2026-11-01T12:00:00Z, last_used_state: known, last_used_at: 2026-11-01T00:00:00Z, last_used_precision: day}
#     - title: nobody recorded when it was switched off
#       status: unknown
#       subject: {status: deactivated, last_used_state: known, last_used_at: 2026-11-08T00:00:00Z}
#     - title: the last use could not be read
#       status: unknown
#       subject: {status: deactivated, deactivated_at: 2026-11-01T00:00:00Z, last_used_state: never, missing_fields: [last_used_at]}
#     - title: a key that is on
#       status: skip
#       subject: {last_used_state: known, last_used_at: 2026-11-08T00:00:00Z}
package keyproof.keys.accepted_after_end

on := {"active", "pre_active", "compromised"}

verdict := {true: "fail", false: "pass"}

when := {true: "since then", false: "before that"}

minute_ns := 60000000000

day_ns := 86400000000000

grace_ns := input.params.grace_minutes * minute_ns if is_number(input.params.grace_minutes)

now := input.as_of_ns

decisions[id] := d if {
	some key in input.subjects
	id := key.id
	d := decision(key)
}

decision(key) := {"status": "unknown", "reason": "the key's status is not known"} if key.status == null

decision(key) := {"status": "skip", "reason": "the key has not ended"} if alive(key)

decision(key) := d if {
	is_string(key.status)
	ended := end(key)
	d := judged(key, ended.at, ended.how)
}

decision(key) := {"status": "unknown", "reason": "when the key was ended is not known"} if {
	is_string(key.status)
	not alive(key)
	not dated(key)
}

expired(key) if {
	is_number(key.expires_at_ns)
	key.expires_at_ns <= now
}

alive(key) if {
	key.status in on
	not expired(key)
}

dated(key) if is_number(end(key).at)

end(key) := {"at": key.deactivated_at_ns, "how": "switched off"} if {
	is_string(key.status)
	not key.status in on
	not expired(key)
	is_number(key.deactivated_at_ns)
}

end(key) := {"at": key.expires_at_ns, "how": "expired"} if expired(key)

judged(key, _, how) := {"status": "pass", "evidence": {"ended": how, "used": "never"}} if key.last_used_state == "never"

judged(key, _, _) := {"status": "unknown", "reason": "when the key was last used is not known"} if key.last_used_state in {null, "not_supported"}

judged(key, _, _) := {"status": "unknown", "reason": "the issuer reports a last use without its time"} if {
	key.last_used_state == "known"
	key.last_used_at_ns == null
}

judged(key, at, how) := {"status": status, "evidence": {"ended": how, "used": when[late]}} if {
	key.last_used_state == "known"
	is_number(key.last_used_at_ns)
	late := key.last_used_at_ns > (at + grace_ns)
	not within(key, at)
	status := verdict[late]
}

judged(key, at, _) := {"status": "unknown", "reason": "the last use is known to the day only, and it is the day of the end"} if {
	key.last_used_state == "known"
	within(key, at)
}

# the hour is not known, and the grace ends within that day
within(key, at) if {
	key.last_used_precision == "day"
	key.last_used_at_ns <= at + grace_ns
	at + grace_ns < key.last_used_at_ns + day_ns
}
