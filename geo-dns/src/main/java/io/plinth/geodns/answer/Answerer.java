package io.plinth.geodns.answer;

import io.plinth.geodns.policy.Choices;
import io.plinth.geodns.wire.ClientSubnet;
import io.plinth.geodns.wire.Decoded;
import io.plinth.geodns.wire.Edns;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Question;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import io.plinth.geodns.wire.Response;
import io.plinth.geodns.wire.ResponseCode;
import io.plinth.geodns.zone.Node;
import io.plinth.geodns.zone.Zone;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The algorithm of RFC 1034 section 4.3.2 over a snapshot. Has no state, so any loop may use it. */
public final class Answerer {
    /** Aliases followed in one answer; a chain in a zone that is longer is a mistake in it. */
    static final int MAX_ALIASES = 16;

    /** Instead of everything there is (RFC 8482 section 4.2). */
    private static final RecordSet ANY_ANSWER = new RecordSet(RecordType.HINFO, 3_600, List.of(Rdata.of(hinfo())));

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
    public void answer(Snapshot snapshot, Decoded.Query query, byte[] source, Response response) {
        response.clear();
        Edns edns = query.edns();
        Question question = query.question();
        if (edns != null && edns.version() != 0) {
            response.code(ResponseCode.BADVERS);
        } else if (question.klass() != Question.IN
                || question.type() == RecordType.AXFR
                || question.type() == RecordType.IXFR) {
            response.code(ResponseCode.REFUSED);
        } else if (question.type() == RecordType.MAILA || question.type() == RecordType.MAILB) {
            response.code(ResponseCode.NOTIMP);
        } else {
            Zone zone = zone(snapshot, question);
            if (zone == null) {
                response.code(ResponseCode.REFUSED);
                return;
            }
            ClientSubnet subnet = edns == null ? null : edns.clientSubnet();
            if (subnet != null && subnet.sourcePrefix() > 0) {
                answer(snapshot, zone, question, subnet.address(), subnet.sourcePrefix(), response);
            } else {
                answer(snapshot, zone, question, source, source.length * 8, response);
            }
        }
    }

    private static @Nullable Zone zone(Snapshot snapshot, Question question) {
        Zone zone = snapshot.zones().find(question.name());
        if (zone != null && question.type() == RecordType.DS && zone.origin().equals(question.name())) {
            // DS stands on the parent's side of a cut, where we may well serve the parent too (RFC 4035 section
            // 3.1.4.1).
            Zone parent = question.name().labels() == 0
                    ? null
                    : snapshot.zones().find(question.name().ancestor(1));
            return parent == null ? zone : parent;
        }
        return zone;
    }

    private static void answer(
            Snapshot snapshot, Zone zone, Question question, byte[] address, int bits, Response response) {
        Name name = question.name();
        int type = question.type();
        response.authoritative(true);
        for (int aliases = 0; aliases <= MAX_ALIASES; aliases++) {
            Node node = zone.find(name, type);
            if (node == null) {
                response.code(ResponseCode.NXDOMAIN);
                response.authority().add(zone.origin(), zone.negative());
                return;
            }
            RecordSet servers = node.delegation();
            if (servers != null && !(type == RecordType.DS && node.name().equals(name))) {
                refer(node, servers, aliases, response);
                return;
            }
            RecordSet alias = node.alias();
            if (alias == null || type == RecordType.CNAME || type == RecordType.ANY) {
                // Even RFC 8482 answers are better true: an alias is all that can stand at its name.
                RecordSet found = find(snapshot, node, type, address, bits, response);
                if (found != null) {
                    response.answer().add(name, found);
                } else {
                    response.authority().add(zone.origin(), zone.negative());
                }
                return;
            }
            response.answer().add(name, alias);
            Name target = alias.records().getFirst().target();
            if (target == null || !target.isAtOrBelow(zone.origin())) {
                return;
            }
            name = target;
        }
    }

    private static @Nullable RecordSet find(
            Snapshot snapshot, Node node, int type, byte[] address, int bits, Response response) {
        if (type == RecordType.ANY) {
            return node.isEmpty() || node.alias() != null ? node.alias() : ANY_ANSWER;
        }
        if (node.isPolicy() && (type == RecordType.A || type == RecordType.AAAA)) {
            Choices choices = snapshot.policies().find(node.name());
            if (choices != null) {
                int found = snapshot.policies().index().find(address, bits);
                response.narrow(found & 0xFF);
                return choices.at(found >>> 8).find(type);
            }
        }
        return node.find(type);
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
