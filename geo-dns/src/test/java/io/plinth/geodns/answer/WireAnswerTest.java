package io.plinth.geodns.answer;

import static io.plinth.geodns.answer.Asker.query;
import static io.plinth.geodns.answer.Asker.records;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.geodns.guard.CookieSecrets;
import io.plinth.geodns.guard.Guard;
import io.plinth.geodns.guard.RateLimit;
import io.plinth.geodns.place.GeoSource;
import io.plinth.geodns.place.Network;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.CookieOption;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.GenericEDNSOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSIDOption;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Cookies, NSID, extended errors, rate limits and PROXY headers. */
class WireAnswerTest {
    private static final Map<String, String> ZONES =
            Map.of("shop.example", """
                $TTL 300
                @      SOA   ns1 hostmaster 1 2 3 4 60
                @      NS    ns1
                ns1    A     192.0.2.1
                www    A     192.0.2.2
                old    DNAME new.shop.example.
                a.new  A     192.0.2.3
                sub    NS    ns1.sub
                ns1.sub A    192.0.2.4
                *.wild A     192.0.2.5
                away   DNAME %s.other.example.
                """.formatted("x".repeat(63) + "." + "y".repeat(63) + "." + "z".repeat(63)));

    private static final byte[] CLIENT = {1, 2, 3, 4, 5, 6, 7, 8};

    private static Asker asker(Guard guard) {
        Snapshot plain = Asker.snapshot(ZONES, Map.of(), GeoSource.none(""), List.of());
        return new Asker(
                new Snapshot(plain.zones(), plain.policies(), plain.geo(), guard, plain.aliases()),
                "node-1".getBytes(StandardCharsets.US_ASCII));
    }

    private static Guard secrets(String... hex) {
        return new Guard(CookieSecrets.of(List.of(hex)), false, RateLimit.Rule.NONE, List.of());
    }

    private static Message cookie(byte[] server) {
        return query("www.shop.example.", Type.A, new CookieOption(CLIENT, server));
    }

    private static byte[] served(Message answer) {
        CookieOption option = (CookieOption)
                answer.getOPT().getOptions(EDNSOption.Code.COOKIE).getFirst();
        assertThat(option.getClientCookie()).isEqualTo(CLIENT);
        return option.getServerCookie().orElseThrow();
    }

    @Test
    void theServerCookieIsThatOfTheRfc() {
        // RFC 9018 appendix A.1: 2464c4abcf10c957 from 198.51.100.100 at 1559731985.
        Asker asker = asker(secrets("e5e973e5a6b2a43f48e7dc849e37bfcf")).from("198.51.100.100");
        asker.advance(1_559_731_985_000L);
        Message query = query(
                "www.shop.example.", Type.A, new CookieOption(HexFormat.of().parseHex("2464c4abcf10c957")));
        CookieOption option = (CookieOption)
                asker.udp(query).getOPT().getOptions(EDNSOption.Code.COOKIE).getFirst();
        assertThat(HexFormat.of().formatHex(option.getServerCookie().orElseThrow()))
                .isEqualTo("010000005cf79f111f8130c3eee29480");
    }

    @Test
    void aCookieIsKeptWhileItIsYoungAndRenewedWhenItIsNot() {
        Asker asker = asker(secrets("00".repeat(16)));
        byte[] first = served(asker.udp(query("www.shop.example.", Type.A, new CookieOption(CLIENT))));
        asker.advance(1_800_000);
        assertThat(served(asker.udp(cookie(first)))).isEqualTo(first);
        asker.advance(1_000);
        byte[] second = served(asker.udp(cookie(first)));
        assertThat(second).isNotEqualTo(first);
    }

    @Test
    void aSecretIsRolledInStages() {
        String old = "00".repeat(16);
        String fresh = "11".repeat(16);
        byte[] made = served(asker(secrets(old)).udp(query("www.shop.example.", Type.A, new CookieOption(CLIENT))));
        Guard required = new Guard(CookieSecrets.of(List.of(fresh, old)), true, RateLimit.Rule.NONE, List.of());
        Message answer = asker(required).udp(cookie(made));
        assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(served(answer)).isNotEqualTo(made);
        Guard gone = new Guard(CookieSecrets.of(List.of(fresh)), true, RateLimit.Rule.NONE, List.of());
        assertThat(asker(gone).udp(cookie(made)).getRcode()).isEqualTo(Rcode.BADCOOKIE);
    }

    @Test
    void whereCookiesAreRequiredTheOthersAreSentToTcp() {
        Asker asker = asker(new Guard(CookieSecrets.of(1, 2), true, RateLimit.Rule.NONE, List.of()));
        Message answer = asker.udp(query("www.shop.example.", Type.A));
        assertThat(answer.getHeader().getFlag(Flags.TC)).isTrue();
        assertThat(answer.getSection(Section.ANSWER)).isEmpty();
        assertThat(asker.tcp(query("www.shop.example.", Type.A)).getSection(Section.ANSWER))
                .hasSize(1);
    }

    @Test
    void whoAsksIsToldWhoAnswers() {
        Asker asker = asker(Guard.OPEN);
        assertThat(asker.udp(query("www.shop.example.", Type.A, new NSIDOption(new byte[0])))
                        .getOPT()
                        .getOptions(EDNSOption.Code.NSID))
                .singleElement()
                .satisfies(
                        option -> assertThat(option.toWire()).endsWith("node-1".getBytes(StandardCharsets.US_ASCII)));
        assertThat(asker.udp(query("www.shop.example.", Type.A, new EDNSOption[0]))
                        .getOPT()
                        .getOptions())
                .isEmpty();
    }

    @Test
    void aRefusalSaysWhy() {
        Message answer = asker(Guard.OPEN).udp(query("other.example.", Type.A, new EDNSOption[0]));
        assertThat(answer.getRcode()).isEqualTo(Rcode.REFUSED);
        assertThat(answer.getOPT().getOptions(EDNSOption.Code.EDNS_EXTENDED_ERROR))
                .singleElement()
                .satisfies(option -> assertThat(((ExtendedErrorCodeOption) option).getErrorCode())
                        .isEqualTo(20));
        assertThat(asker(Guard.OPEN).ask("other.example.", Type.A).getOPT()).isNull();
    }

    @Test
    void alikeAnswersToOneNetworkAreLimitedAndSlip() {
        Asker asker = asker(new Guard(CookieSecrets.of(1, 2), false, new RateLimit.Rule(10, 2, 24, 56), List.of()));
        byte[] query = query("www.shop.example.", Type.A).toWire();
        int whole = 0;
        int truncated = 0;
        for (int i = 0; i < 30; i++) {
            byte[] answer = asker.from("192.0.2." + i).datagram(query);
            if (answer != null) {
                truncated += (answer[2] & 2) >> 1;
                whole += (answer[2] & 2) == 0 ? 1 : 0;
            }
        }
        assertThat(whole).isEqualTo(10);
        assertThat(truncated).isEqualTo(10);
        assertThat(asker.from("198.51.100.1").datagram(query)).isNotNull();
        assertThat(asker.counters().events(QueryCounters.Event.LIMITED)).isEqualTo(10);
        asker.from("192.0.2.9").advance(500);
        for (int i = 0; i < 5; i++) {
            byte[] answer = asker.datagram(query);
            assertThat(answer).isNotNull();
            assertThat(answer[2] & 2).isZero();
        }
    }

    @Test
    void answersOfOneDelegationOrWildcardAreAlikeWhateverTheName() {
        for (String below : List.of(".sub.shop.example.", ".wild.shop.example.")) {
            Asker asker = asker(new Guard(CookieSecrets.of(1, 2), false, new RateLimit.Rule(10, 0, 24, 56), List.of()));
            int answers = 0;
            for (int i = 0; i < 30; i++) {
                answers += asker.datagram(query("random" + i + below, Type.A).toWire()) == null ? 0 : 1;
            }
            assertThat(answers).as(below).isEqualTo(10);
        }
    }

    @Test
    void aGoodCookieIsNotLimited() {
        Asker asker = asker(new Guard(CookieSecrets.of(1, 2), false, new RateLimit.Rule(1, 0, 24, 56), List.of()));
        byte[] server = served(asker.udp(query("www.shop.example.", Type.A, new CookieOption(CLIENT))));
        for (int i = 0; i < 20; i++) {
            assertThat(records(asker.udp(cookie(server)), Section.ANSWER)).hasSize(1);
        }
        assertThat(asker.datagram(query("www.shop.example.", Type.A).toWire())).isNull();
        server[15] ^= 1;
        assertThat(asker.datagram(cookie(server).toWire())).isNull();
    }

    @Test
    void aProxysHeaderSaysWhoTheClientIs() {
        Guard guard = new Guard(
                CookieSecrets.of(1, 2),
                false,
                new RateLimit.Rule(1, 0, 24, 56),
                List.of(Network.parse("127.0.0.0/8", List.of())));
        Asker asker = asker(guard).from("127.0.0.1");
        byte[] query = query("www.shop.example.", Type.A).toWire();
        byte[] header = HexFormat.of().parseHex("0d0a0d0a000d0a515549540a" + "2112000c" + "c00002017f00000104d20035");
        for (int network = 0; network < 5; network++) {
            header[18] = (byte) network;
            byte[] both = Arrays.copyOf(header, header.length + query.length);
            System.arraycopy(query, 0, both, header.length, query.length);
            assertThat(asker.datagram(both)).isNotNull();
            assertThat(asker.datagram(both)).isNull();
        }
        assertThat(asker.datagram(query)).isNull();
        for (int cut = 0; cut < header.length; cut++) {
            assertThat(asker.datagram(Arrays.copyOf(header, cut))).isNull();
        }
        assertThat(asker.from("192.0.9.1").datagram(query)).isNotNull();
    }

    @Test
    void aDnameRenamesEverythingBelowIt() {
        Asker asker = asker(Guard.OPEN);
        assertThat(records(asker.ask("a.old.shop.example.", Type.A), Section.ANSWER))
                .containsExactly(
                        "a.new.shop.example. 300 A 192.0.2.3",
                        "a.old.shop.example. 300 CNAME a.new.shop.example.",
                        "old.shop.example. 300 DNAME new.shop.example.");
        assertThat(asker.ask("old.shop.example.", Type.A).getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(records(asker.ask("old.shop.example.", Type.DNAME), Section.ANSWER))
                .hasSize(1);
        assertThat(asker.ask("b.old.shop.example.", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
        String name = "v".repeat(60) + ".away.shop.example.";
        assertThat(asker.ask(name, Type.A).getRcode()).isEqualTo(Rcode.YXDOMAIN);
    }

    @Test
    void theAliasThatADnameMakesIsTheAnswerWhereOneWasAskedFor() {
        Message answer = asker(Guard.OPEN).ask("b.old.shop.example.", Type.CNAME);
        assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(records(answer, Section.ANSWER))
                .containsExactly(
                        "b.old.shop.example. 300 CNAME b.new.shop.example.",
                        "old.shop.example. 300 DNAME new.shop.example.");
        assertThat(records(answer, Section.AUTHORITY)).isEmpty();
    }

    @Test
    void aQuestionForAllClassesIsAnsweredWithoutAuthority() {
        byte[] query = query("www.shop.example.", Type.A).toWire();
        query[query.length - 1] = (byte) 255;
        byte[] answer = asker(Guard.OPEN).datagram(query);
        assertThat(answer).isNotNull();
        assertThat(answer[7]).as("answers").isEqualTo((byte) 1);
        assertThat(answer[2] & 0x04).as("AA").isZero();
    }

    @Test
    void aCookieCanBeAskedForWithoutAQuestion() {
        byte[] query =
                query("www.shop.example.", Type.A, new CookieOption(CLIENT)).toWire();
        int question = 12 + "www.shop.example".length() + 2 + 4;
        byte[] only = Arrays.copyOf(query, query.length - question + 12);
        System.arraycopy(query, question, only, 12, query.length - question);
        only[5] = 0;
        byte[] answer = asker(Guard.OPEN).datagram(only);
        assertThat(answer).isNotNull();
        assertThat(answer[3] & 0xF).as("code").isEqualTo(Rcode.NOERROR);
        assertThat(answer.length).as("header, OPT, cookie").isEqualTo(12 + 11 + 4 + 24);
    }

    @Test
    void whatIsForResolversIsClearedAndOtherOperationsKeepTheirQuestion() {
        Message query = query("www.shop.example.", Type.A, new GenericEDNSOption(3, new byte[0]));
        query.getHeader().setFlag(Flags.CD);
        query.getHeader().setFlag(Flags.AD);
        Message answer = asker(Guard.OPEN).udp(query);
        assertThat(answer.getHeader().getFlag(Flags.CD)).isFalse();
        assertThat(answer.getHeader().getFlag(Flags.AD)).isFalse();
        query.getHeader().setOpcode(2);
        Message refused = asker(Guard.OPEN).udp(query);
        assertThat(refused.getRcode()).isEqualTo(Rcode.NOTIMP);
        assertThat(refused.getQuestion()).isEqualTo(query.getQuestion());
        assertThat(refused.getOPT()).isNotNull();
    }

    @Test
    void anUnknownOptionIsLeftAside() {
        Message answer = asker(Guard.OPEN)
                .udp(query("www.shop.example.", Type.A, new GenericEDNSOption(65001, new byte[] {1, 2})));
        assertThat(answer.getSection(Section.ANSWER)).hasSize(1);
        assertThat(answer.getOPT().getOptions()).isEmpty();
    }
}
