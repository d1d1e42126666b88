/* fence.pml: decide, try, retry, fall back, while configurations change and the log refuses, as
 * src/gate does it. Two workers' calls, two targets (0 local, 1 cloud), two snapshots: in snapshot 1
 * the cloud may see restricted text, in snapshot 0 it may not; a reload swaps them at any time.
 * The law: bytes of a call are written to a zone only where the snapshot under which the call was
 * planned lets that zone see its label, and to the cloud only after their record.
 *
 * Each macro below puts a fault in. There are two walls, so that one fault in one of them does not
 * break the law; tools/check-model shows that, and that faults in both are found. */
#define LOCAL 0
#define CLOUD 1
#define LABELS 3 /* public, internal, restricted */
#define TRIES 2
#define CALLS 2
#define CHANGES 2 /* of the configuration, and of the log: each way once */

byte in_force = 0;   /* the snapshot that calls take when their request is whole */
bool log_works = true;

/* the highest label that a zone may see under a snapshot */
inline max_of(snap, zone, ret)
{
    if
    :: zone == LOCAL -> ret = 2
    :: zone == CLOUD && snap == 0 -> ret = 1
    :: else -> ret = 2
    fi
}

proctype call()
{
    byte label, snap, planned, target, tries = 0, most;
    bool in_plan[2], recorded;

    select(label : 0 .. LABELS - 1);

    /* the request is whole: what is in force now decides, to the end */
    snap = in_force;
    planned = snap;

    /* choose: the zone filter first; health is whatever it is */
    for (target : LOCAL .. CLOUD) {
        max_of(snap, target, most);
        if
#ifdef NO_FILTER
        :: in_plan[target] = true
#else
        :: label <= most -> in_plan[target] = true
#endif
        :: in_plan[target] = false /* down, too dear, not able */
        fi
    }

    /* send: one target of the plan after another, each try with a clearance of its own */
    do
    :: tries == TRIES -> break
#ifdef FALLBACK_ANYWHERE
    :: tries == 0 && !in_plan[LOCAL] && !in_plan[CLOUD] -> break
#else
    :: !in_plan[LOCAL] && !in_plan[CLOUD] -> break
#endif
    :: else ->
        if
        :: in_plan[LOCAL] -> target = LOCAL
        :: in_plan[CLOUD] -> target = CLOUD
#ifdef FALLBACK_ANYWHERE
        :: tries > 0 -> target = CLOUD
#endif
        fi;
        in_plan[target] = false;
#ifdef MIXTURE
        snap = in_force; /* a retry that looks at the configuration anew, but not at its plan */
#endif
        /* the clearance */
        max_of(snap, target, most);
#ifndef NO_CLEARANCE
        if
        :: label > most -> goto next
        :: else -> skip
        fi;
#endif
        /* a sending to the cloud waits for its record; a reload may come meanwhile */
        recorded = false;
#ifndef NO_RECORD
        if
        :: target == LOCAL -> skip
        :: target == CLOUD && log_works -> recorded = true
        :: target == CLOUD && !log_works -> goto next
        fi;
#endif
        max_of(planned, target, most);
        assert(label <= most);
        assert(target == LOCAL || recorded);
        if
        :: break /* it answered */
        :: skip  /* refused, 429, 5xx, cut before the first byte: the next one */
        fi;
    next:
        tries++
    od
}

proctype reloads()
{
    byte i;
    for (i : 1 .. CHANGES) {
        in_force = 1 - in_force
    }
}

proctype disk()
{
    byte i;
    for (i : 1 .. CHANGES) {
        log_works = !log_works
    }
}

init
{
    byte i;
    select(in_force : 0 .. 1);
    run reloads();
    run disk();
    for (i : 1 .. CALLS) {
        run call()
    }
}
