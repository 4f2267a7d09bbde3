package io.plinth.geodns.answer;

import io.plinth.geodns.policy.Choice;
import io.plinth.geodns.policy.Client;
import io.plinth.geodns.wire.ExtendedError;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Query;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.ReadyTail;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import io.plinth.geodns.wire.Response;
import io.plinth.geodns.wire.ResponseCode;
import io.plinth.geodns.zone.Node;
import io.plinth.geodns.zone.Zone;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Owned by one event loop: the algorithm of RFC 1034 section 4.3.2 over a snapshot. What stands ready - a record set at
 * the name, a policy's choice, a referral, a negative answer - is handed on as it is, without an allocation; aliases and
 * what a wildcard makes with names in it are put together.
 */
public final class Answerer {
    /** Aliases followed in one answer; a chain in a zone that is longer is a mistake in it. */
    static final int MAX_ALIASES = 16;

    /** Instead of everything there is (RFC 8482 section 4.2). */
    private static final RecordSet ANY_ANSWER =
            new RecordSet(Name.ROOT, RecordType.HINFO, 3_600, List.of(Rdata.of(hinfo())));

    private final Client client;
    private final Query target = new Query();

    /** An answerer that tells {@code client} how it chose. */
    public Answerer(Client client) {
        this.client = client;
    }

    private static byte[] hinfo() {
        byte[] text = "_RFC8482_".getBytes(StandardCharsets.US_ASCII);
        text[0] = (byte) (text.length - 2);
        text[text.length - 1] = 0;
        return text;
    }

    /**
     * Answers a query.
     *
     * @param source the address the query came from, 4 or 16 octets
     * @param response cleared and filled
     */
    public void answer(Snapshot snapshot, Query query, byte[] source, Response response) {
        response.clear();
        if (query.version() != 0) {
            response.code(ResponseCode.BADVERS);
        } else if (query.klass() != Query.IN && query.klass() != Query.ANY_CLASS) {
            response.code(ResponseCode.REFUSED, ExtendedError.NOT_SUPPORTED);
        } else if (query.type() == RecordType.AXFR || query.type() == RecordType.IXFR) {
            response.code(ResponseCode.REFUSED, ExtendedError.PROHIBITED);
        } else if (query.type() == RecordType.MAILA || query.type() == RecordType.MAILB) {
            response.code(ResponseCode.NOTIMP, ExtendedError.NOT_SUPPORTED);
        } else {
            Zone zone = zone(snapshot, query);
            if (zone == null) {
                response.code(ResponseCode.REFUSED, ExtendedError.NOT_AUTHORITATIVE);
                return;
            }
            client.become(query.client(source), query.clientBits(source));
            response.zone(zone.number());
            response.authoritative(true);
            Node node = zone.find(query);
            if (node == null) {
                response.code(ResponseCode.NXDOMAIN);
                response.ready(zone.negativeTail());
            } else if (!ready(snapshot, zone, node, query, response)) {
                chain(snapshot, zone, query, response);
            }
            if (query.klass() != Query.IN) {
                // We know of one class, not of all that the client asks for (RFC 1035 section 6.2).
                response.authoritative(false);
            }
        }
    }

    private static @Nullable Zone zone(Snapshot snapshot, Query query) {
        Zone zone = snapshot.zones().find(query, 0);
        if (zone != null
                && query.type() == RecordType.DS
                && query.labels() > 0
                && zone.origin().length() == query.nameLength()) {
            // DS stands on the parent's side of a cut, where we may well serve the parent too (RFC 4035 section
            // 3.1.4.1).
            Zone parent = snapshot.zones().find(query, 1);
            return parent == null ? zone : parent;
        }
        return zone;
    }

    /** Whether the answer stood ready. */
    private boolean ready(Snapshot snapshot, Zone zone, Node node, Query query, Response response) {
        int type = query.type();
        boolean here = node.isAt(query);
        if (!here) {
            response.alike(node.name().hashCode());
        }
        ReadyTail referral = node.referral();
        if (referral != null && !(here && type == RecordType.DS)) {
            response.authoritative(false);
            response.ready(referral);
            return true;
        }
        if (type == RecordType.ANY
                || (!here && node.redirect() != null)
                || snapshot.policies().answersNames(node.policy())) {
            return false;
        }
        if ((type == RecordType.A || type == RecordType.AAAA) && hasAddresses(node)) {
            addresses(snapshot, zone, node, query, null, response);
            return true;
        }
        RecordSet set = node.find(type);
        if (set != null) {
            if (!here && set.hasNames()) {
                return false;
            }
            response.ready(set, turn(set, query), set.count());
            return true;
        }
        if (node.cname() != null) {
            return false;
        }
        response.ready(zone.negativeTail());
        return true;
    }

    private static boolean hasAddresses(Node node) {
        return node.policy() != Node.NO_POLICY || node.alias() != null;
    }

    /** Each response may begin with another address. */
    private static int turn(RecordSet set, Query query) {
        return set.rotates() ? query.id() % set.count() : 0;
    }

    /** The addresses of a name that a policy or a name elsewhere answers for; a ready set, or none. */
    private void addresses(
            Snapshot snapshot, Zone zone, Node node, Query query, @Nullable Choice made, Response response) {
        RecordSet set;
        int some = 0;
        Name alias = node.alias();
        if (alias != null) {
            AddressAliases.Addresses found = snapshot.aliases().find(alias, client);
            if (found == null) {
                response.code(ResponseCode.SERVFAIL, ExtendedError.NOT_READY);
                response.authoritative(false);
                return;
            }
            set = query.type() == RecordType.A ? found.ipv4() : found.ipv6();
        } else {
            Choice choice = made != null ? made : snapshot.policies().choose(node.policy(), client);
            response.policy(node.policy());
            set = null;
            if (choice != null) {
                response.member(choice.number());
                set = choice.find(query.type());
                some = choice.picks();
            }
        }
        response.narrow(client.scope());
        if (set == null) {
            response.ready(zone.negativeTail());
        } else if (some > 0 && some < set.count()) {
            response.ready(set, client.chance(set.count()), some);
        } else {
            response.ready(set, turn(set, query), set.count());
        }
    }

    /** The rest: what is found by more than one step. */
    private void chain(Snapshot snapshot, Zone zone, Query query, Response response) {
        Name name = query.toName();
        int type = query.type();
        Query at = query;
        for (int aliases = 0; aliases <= MAX_ALIASES; aliases++) {
            Node node = zone.find(at);
            if (node == null) {
                response.code(ResponseCode.NXDOMAIN);
                response.authority().add(zone.origin(), zone.negative());
                return;
            }
            boolean here = node.isAt(at);
            RecordSet servers = node.delegation();
            if (servers != null && !(type == RecordType.DS && here)) {
                refer(node, servers, aliases, response);
                return;
            }
            RecordSet alias = node.cname();
            RecordSet redirect = here ? null : node.redirect();
            Choice choice = null;
            if (redirect == null && snapshot.policies().answersNames(node.policy())) {
                choice = snapshot.policies().choose(node.policy(), client);
                response.narrow(client.scope());
                alias = named(node, choice, response);
            }
            if (redirect != null) {
                alias = renamed(name, redirect, response);
                if (alias == null) {
                    return;
                }
            } else if (alias == null || type == RecordType.CNAME || type == RecordType.ANY) {
                last(snapshot, zone, node, at, name, choice, response);
                return;
            }
            if (isThere(name, alias, response.answer())) {
                return;
            }
            response.answer().add(name, alias);
            if (type == RecordType.CNAME) {
                // What a DNAME makes is what was asked for (RFC 6672 section 3.2).
                return;
            }
            Name next = alias.records().getFirst().target();
            if (next == null || !next.isAtOrBelow(zone.origin())) {
                return;
            }
            name = next;
            target.ask(name, type);
            at = target;
        }
    }

    /** Whether a chain of aliases has come back to where it was. */
    private static boolean isThere(Name name, RecordSet alias, Response.Section answer) {
        for (int i = 0; i < answer.size(); i++) {
            if (answer.set(i).type() == alias.type() && answer.owner(i).equals(name)) {
                return true;
            }
        }
        return false;
    }

    /** The CNAME that a DNAME makes (RFC 6672 section 3.1); null where the name would be too long. */
    private static @Nullable RecordSet renamed(Name name, RecordSet redirect, Response response) {
        response.answer().add(redirect.owner(), redirect);
        byte[] octets = redirect.records().getFirst().octets();
        Name next = name.rebased(redirect.owner(), Name.read(octets, 0, octets.length));
        if (next == null) {
            response.code(ResponseCode.YXDOMAIN);
            return null;
        }
        return new RecordSet(name, RecordType.CNAME, redirect.ttl(), List.of(Rdata.of(next)));
    }

    /** The alias that a policy chose instead of addresses, or null. */
    private static @Nullable RecordSet named(Node node, @Nullable Choice choice, Response response) {
        RecordSet alias = choice == null ? null : choice.name();
        if (choice != null && alias != null) {
            response.policy(node.policy());
            response.member(choice.number());
        }
        return alias;
    }

    private void last(
            Snapshot snapshot, Zone zone, Node node, Query at, Name name, @Nullable Choice choice, Response response) {
        RecordSet chosen = choice == null ? null : choice.name();
        RecordSet found;
        if (chosen != null) {
            found = chosen;
        } else if (at.type() == RecordType.ANY) {
            // Even RFC 8482 answers are better true: an alias is all that can stand at its name.
            found = node.isEmpty() || node.cname() != null ? node.cname() : ANY_ANSWER;
        } else if ((at.type() == RecordType.A || at.type() == RecordType.AAAA) && hasAddresses(node)) {
            addresses(snapshot, zone, node, at, choice, response);
            found = response.takeReady();
            if (response.code() != ResponseCode.NOERROR) {
                return;
            }
        } else {
            found = node.find(at.type());
        }
        if (found != null) {
            response.answer().add(name, found);
        } else {
            response.authority().add(zone.origin(), zone.negative());
        }
    }

    /** Hands the client on; not authoritative, unless an alias of ours led here (RFC 1034 section 4.3.2 step 3b). */
    private static void refer(Node cut, RecordSet servers, int aliases, Response response) {
        response.authoritative(aliases > 0);
        response.authority().add(cut.name(), servers);
        for (Node.Glue glue : cut.glue()) {
            response.additional().add(glue.owner(), glue.addresses());
        }
    }
}
