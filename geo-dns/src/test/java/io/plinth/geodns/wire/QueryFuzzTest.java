package io.plinth.geodns.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.geodns.answer.Asker;
import io.plinth.geodns.answer.QueryCounters;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.ClientSubnetOption;
import org.xbill.DNS.CookieOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Type;

/** Mutated queries: every one is ignored or answered, and every answer is a message that dnsjava can read. */
class QueryFuzzTest {
    private static final int ROUNDS = Integer.getInteger("plinth.fuzz.rounds", 60_000);

    private final Asker asker = Asker.of(Map.of("shop.example", """
        $TTL 60
        @ IN SOA ns1 hostmaster 1 2 3 4 5
        @ IN NS ns1
        ns1 A 192.0.2.1
        www A 192.0.2.2
        * CNAME www
        sub NS ns.sub
        ns.sub A 192.0.2.3
        """));

    @Test
    void noQueryBringsTheServerDown() throws Exception {
        SplittableRandom random = new SplittableRandom(Long.getLong("plinth.seed", 42));
        List<byte[]> seeds = List.of(
                Asker.query("www.shop.example.", Type.A).toWire(),
                Asker.query(
                                "x.Shop.example.",
                                Type.AAAA,
                                new ClientSubnetOption(24, java.net.InetAddress.ofLiteral("192.0.2.0")))
                        .toWire(),
                Asker.query("a.sub.shop.example.", Type.ANY, new CookieOption(new byte[8]))
                        .toWire(),
                Asker.query(
                                "shop.example.",
                                Type.SOA,
                                new ClientSubnetOption(56, java.net.InetAddress.ofLiteral("2001:db8::")))
                        .toWire());
        for (int round = 0; round < ROUNDS; round++) {
            byte[] query = mutate(seeds.get(random.nextInt(seeds.size())), random);
            byte[] answer = asker.datagram(query);
            if (answer != null) {
                check(query, answer);
            } else {
                assertThat(query.length < 12 || (query[2] & 0x80) != 0)
                        .as("ignored %s", Arrays.toString(query))
                        .isTrue();
            }
        }
        assertThat(asker.counters().events(QueryCounters.Event.FAULT)).isZero();
        for (ResponseCode code : List.of(ResponseCode.NOERROR, ResponseCode.FORMERR, ResponseCode.NOTIMP)) {
            assertThat(asker.counters().queries(code)).as("%s", code).isPositive();
        }
    }

    private static void check(byte[] query, byte[] answer) throws IOException {
        Message message = new Message(answer);
        assertThat(message.getHeader().getFlag(Flags.QR)).isTrue();
        assertThat(message.getHeader().getID()).isEqualTo(((query[0] & 0xFF) << 8) | (query[1] & 0xFF));
        if (message.getHeader().getOpcode() != Opcode.QUERY) {
            assertThat(message.getRcode()).isEqualTo(Rcode.NOTIMP);
        }
    }

    private static byte[] mutate(byte[] seed, SplittableRandom random) {
        byte[] query = seed.clone();
        for (int times = random.nextInt(4); times >= 0; times--) {
            switch (random.nextInt(4)) {
                case 0 -> query = Arrays.copyOf(query, random.nextInt(query.length + 8));
                case 1 -> {
                    if (query.length > 12) {
                        query[12 + random.nextInt(query.length - 12)] = (byte) random.nextInt();
                    }
                }
                case 2 -> {
                    if (query.length > 0) {
                        int at = random.nextInt(query.length);
                        query[at] = (byte) (query[at] ^ (1 << random.nextInt(8)));
                    }
                }
                default -> {
                    if (query.length > 20) {
                        int from = random.nextInt(query.length - 8);
                        int to = random.nextInt(query.length - 8);
                        System.arraycopy(query, from, query, to, 8);
                    }
                }
            }
        }
        return query;
    }
}
