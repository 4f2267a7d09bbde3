package io.plinth.geodns.answer;

import static io.plinth.geodns.answer.Asker.query;
import static io.plinth.geodns.answer.Asker.records;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.geodns.wire.ResponseCode;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class AnswererTest {
    private static final String ZONE = """
            $TTL 300
            @            IN SOA  ns1 hostmaster 1 2 3 4 60
            @            IN NS   ns1
            @            IN NS   ns.other.example.
            @            IN A    192.0.2.1
            ns1          IN A    192.0.2.2
            www          IN A    192.0.2.3
            www          IN A    192.0.2.4
            www          IN AAAA 2001:db8::3
            alias        IN CNAME www
            chain        IN CNAME alias
            out          IN CNAME www.other.example.
            dangling     IN CNAME nothing
            loop         IN CNAME pool
            pool         IN CNAME loop
            below        IN CNAME host.sub
            sub          IN NS   ns.sub
            sub          IN NS   ns1
            sub          IN NS   ns.far.example.
            ns.sub       IN A    192.0.2.5
            ns.sub       IN AAAA 2001:db8::5
            hidden.sub   IN A    192.0.2.6
            sub          IN TYPE43 \\# 4 01020304
            a.b.c        IN A    192.0.2.7
            *.wild       IN TXT  "made"
            *.wild       IN MX   10 mail.wild
            host.wild    IN A    192.0.2.8
            *.star       IN CNAME www
            """
            + IntStream.range(0, 60).mapToObj(i -> "many IN A 198.51.100." + i).collect(Collectors.joining("\n"))
            + "\n";

    private final Asker asker = Asker.of(Map.of("shop.example", ZONE, "child.shop.example", """
        @ 60 IN SOA ns hostmaster 1 2 3 4 5
        @ 60 IN NS ns
        ns 60 IN A 192.0.2.9
        """));

    private void assertNegative(Message message, int rcode) {
        assertThat(message.getRcode()).isEqualTo(rcode);
        assertThat(message.getHeader().getFlag(Flags.AA)).isTrue();
        assertThat(records(message, Section.AUTHORITY))
                .containsExactly("shop.example. 60 SOA ns1.shop.example. hostmaster.shop.example. 1 2 3 4 60");
    }

    @Test
    void recordsOfANameAreAnsweredWithAuthority() {
        Message message = asker.ask("www.shop.example.", Type.A);
        assertThat(message.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(message.getHeader().getFlag(Flags.AA)).isTrue();
        assertThat(message.getHeader().getFlag(Flags.RA)).isFalse();
        assertThat(message.getHeader().getFlag(Flags.RD)).isTrue();
        assertThat(records(message, Section.ANSWER))
                .containsExactly("www.shop.example. 300 A 192.0.2.3", "www.shop.example. 300 A 192.0.2.4");
        assertThat(records(message, Section.AUTHORITY)).isEmpty();
        assertThat(message.getOPT()).isNull();
    }

    @Test
    void theQuestionComesBackAsItWasWritten() {
        Message message = asker.ask("wWw.SHOP.eXample.", Type.AAAA);
        assertThat(message.getQuestion().getName().toString()).isEqualTo("wWw.SHOP.eXample.");
        assertThat(records(message, Section.ANSWER)).containsExactly("wWw.SHOP.eXample. 300 AAAA 2001:db8:0:0:0:0:0:3");
    }

    @Test
    void addressesTakeTurns() {
        long firsts = IntStream.range(0, 20)
                .mapToObj(id -> {
                    Message message = query("www.shop.example.", Type.A);
                    message.getHeader().setID(id);
                    return asker.udp(message)
                            .getSection(Section.ANSWER)
                            .getFirst()
                            .rdataToString();
                })
                .distinct()
                .count();
        assertThat(firsts).isEqualTo(2);
    }

    @Test
    void aNameWithoutTheTypeIsNoDataAndAMissingNameIsNxdomain() {
        assertNegative(asker.ask("www.shop.example.", Type.MX), Rcode.NOERROR);
        assertNegative(asker.ask("nothing.shop.example.", Type.A), Rcode.NXDOMAIN);
        assertNegative(asker.ask("deep.www.shop.example.", Type.A), Rcode.NXDOMAIN);
    }

    @ParameterizedTest
    @ValueSource(strings = {"c.shop.example.", "b.c.shop.example.", "wild.shop.example."})
    void anEmptyNonTerminalExistsWithoutData(String name) {
        assertNegative(asker.ask(name, Type.A), Rcode.NOERROR);
    }

    @Test
    void aliasesAreFollowedInTheZone() {
        assertThat(records(asker.ask("chain.shop.example.", Type.AAAA), Section.ANSWER))
                .containsExactly(
                        "alias.shop.example. 300 CNAME www.shop.example.",
                        "chain.shop.example. 300 CNAME alias.shop.example.",
                        "www.shop.example. 300 AAAA 2001:db8:0:0:0:0:0:3");
        assertThat(records(asker.ask("chain.shop.example.", Type.CNAME), Section.ANSWER))
                .containsExactly("chain.shop.example. 300 CNAME alias.shop.example.");
        assertThat(records(asker.ask("out.shop.example.", Type.A), Section.ANSWER))
                .containsExactly("out.shop.example. 300 CNAME www.other.example.");
    }

    @Test
    void anAliasToNothingIsNxdomainWithTheAlias() {
        Message message = asker.ask("dangling.shop.example.", Type.A);
        assertNegative(message, Rcode.NXDOMAIN);
        assertThat(records(message, Section.ANSWER))
                .containsExactly("dangling.shop.example. 300 CNAME nothing.shop.example.");
    }

    @Test
    void aLoopOfAliasesEnds() {
        Message message = asker.tcp(query("loop.shop.example.", Type.A));
        assertThat(message.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(message.getSection(Section.ANSWER)).as("each once").hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sub.shop.example.", "hidden.sub.shop.example.", "x.y.sub.shop.example."})
    void whatIsDelegatedIsReferredWithGlue(String name) {
        Message message = asker.ask(name, Type.A);
        assertThat(message.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(message.getHeader().getFlag(Flags.AA)).isFalse();
        assertThat(records(message, Section.ANSWER)).isEmpty();
        assertThat(records(message, Section.AUTHORITY))
                .containsExactly(
                        "sub.shop.example. 300 NS ns.far.example.",
                        "sub.shop.example. 300 NS ns.sub.shop.example.",
                        "sub.shop.example. 300 NS ns1.shop.example.");
        assertThat(records(message, Section.ADDITIONAL))
                .containsExactly(
                        "ns.sub.shop.example. 300 A 192.0.2.5",
                        "ns.sub.shop.example. 300 AAAA 2001:db8:0:0:0:0:0:5",
                        "ns1.shop.example. 300 A 192.0.2.2");
    }

    @Test
    void theParentAnswersForDsOfADelegation() {
        Message message = asker.ask("sub.shop.example.", Type.DS);
        assertThat(message.getHeader().getFlag(Flags.AA)).isTrue();
        assertThat(message.getSection(Section.ANSWER)).hasSize(1);
        assertNegative(asker.ask("child.shop.example.", Type.DS), Rcode.NXDOMAIN);
    }

    @Test
    void anAliasIntoADelegationIsAnsweredWithTheReferral() {
        Message message = asker.ask("below.shop.example.", Type.A);
        assertThat(message.getHeader().getFlag(Flags.AA)).isTrue();
        assertThat(message.getSection(Section.ANSWER)).hasSize(1);
        assertThat(message.getSection(Section.AUTHORITY)).hasSize(3);
    }

    @Test
    void theNearestZoneAnswers() {
        assertThat(records(asker.ask("ns.child.shop.example.", Type.A), Section.ANSWER))
                .containsExactly("ns.child.shop.example. 60 A 192.0.2.9");
        assertThat(records(asker.ask("x.child.shop.example.", Type.A), Section.AUTHORITY)
                        .getFirst())
                .startsWith("child.shop.example. 5 SOA");
    }

    @Test
    void wildcardsMakeNamesBelowTheirParentOnly() {
        assertThat(records(asker.ask("a.wild.shop.example.", Type.TXT), Section.ANSWER))
                .containsExactly("a.wild.shop.example. 300 TXT made");
        assertThat(records(asker.ask("a.b.c.wild.shop.example.", Type.TXT), Section.ANSWER))
                .containsExactly("a.b.c.wild.shop.example. 300 TXT made");
        assertThat(records(asker.ask("*.wild.shop.example.", Type.TXT), Section.ANSWER))
                .containsExactly("*.wild.shop.example. 300 TXT made");
        assertNegative(asker.ask("a.wild.shop.example.", Type.A), Rcode.NOERROR);
        // RFC 4592 section 2.2.1: an existing name blocks the wildcard, for itself and all below it.
        assertNegative(asker.ask("host.wild.shop.example.", Type.TXT), Rcode.NOERROR);
        assertNegative(asker.ask("a.host.wild.shop.example.", Type.TXT), Rcode.NXDOMAIN);
        assertThat(records(asker.ask("a.star.shop.example.", Type.AAAA), Section.ANSWER))
                .containsExactly(
                        "a.star.shop.example. 300 CNAME www.shop.example.",
                        "www.shop.example. 300 AAAA 2001:db8:0:0:0:0:0:3");
    }

    @Test
    void anyIsAnsweredWithLittle() {
        assertThat(records(asker.ask("www.shop.example.", Type.ANY), Section.ANSWER))
                .containsExactly("www.shop.example. 3600 HINFO \"RFC8482\" \"\"");
        assertNegative(asker.ask("nothing.shop.example.", Type.ANY), Rcode.NXDOMAIN);
        assertNegative(asker.ask("c.shop.example.", Type.ANY), Rcode.NOERROR);
    }

    @ParameterizedTest
    @CsvSource({
        "www.other.example., 1, REFUSED",
        "., 2, REFUSED",
        "example., 6, REFUSED",
        "shop.example., 252, REFUSED",
        "shop.example., 251, REFUSED",
        "shop.example., 253, NOTIMP"
    })
    void whatIsNotOursIsRefused(String name, int type, String rcode) {
        Message message = asker.ask(name, type);
        assertThat(Rcode.string(message.getRcode())).isEqualTo(rcode);
        assertThat(message.getHeader().getFlag(Flags.AA)).isFalse();
    }

    @Test
    void otherClassesAreRefused() throws Exception {
        Message chaos = Message.newQuery(Record.newRecord(Name.fromString("version.bind."), Type.TXT, DClass.CH));
        assertThat(asker.udp(chaos).getRcode()).isEqualTo(Rcode.REFUSED);
    }

    @Test
    void otherOpcodesAreNotImplemented() {
        Message notify = query("shop.example.", Type.SOA);
        notify.getHeader().setOpcode(org.xbill.DNS.Opcode.NOTIFY);
        Header header = asker.udp(notify).getHeader();
        assertThat(header.getRcode()).isEqualTo(Rcode.NOTIMP);
        assertThat(header.getOpcode()).isEqualTo(org.xbill.DNS.Opcode.NOTIFY);
    }

    @Test
    void anotherEdnsVersionIsBadvers() {
        Message message = query("www.shop.example.", Type.A);
        message.addRecord(new OPTRecord(1232, 0, 1), Section.ADDITIONAL);
        Message answer = asker.udp(message);
        assertThat(answer.getRcode()).isEqualTo(Rcode.BADVERS);
        assertThat(answer.getOPT().getVersion()).isZero();
        assertThat(answer.getSection(Section.ANSWER)).isEmpty();
    }

    @Test
    void ednsIsAnsweredWithEdnsAndOurSize() {
        Message answer = asker.udp(query("www.shop.example.", Type.A, new org.xbill.DNS.EDNSOption[0]));
        assertThat(answer.getOPT()).isNotNull();
        assertThat(answer.getOPT().getPayloadSize()).isEqualTo(1232);
        assertThat(answer.getOPT().getOptions()).isEmpty();
    }

    @Test
    void whatDoesNotFitIsTruncatedToNothing() {
        Message plain = asker.ask("many.shop.example.", Type.A);
        assertThat(plain.getHeader().getFlag(Flags.TC)).isTrue();
        assertThat(plain.getSection(Section.ANSWER)).isEmpty();
        assertThat(plain.numBytes()).isLessThanOrEqualTo(512);
        // 60 addresses of 16 octets each fit into what EDNS allows.
        Message edns = asker.udp(query("many.shop.example.", Type.A, new org.xbill.DNS.EDNSOption[0]));
        assertThat(edns.getHeader().getFlag(Flags.TC)).isFalse();
        assertThat(edns.getSection(Section.ANSWER)).hasSize(60);
        assertThat(edns.numBytes()).isLessThanOrEqualTo(1232);
        Message tcp = asker.tcp(query("many.shop.example.", Type.A));
        assertThat(tcp.getSection(Section.ANSWER)).hasSize(60);
        assertThat(asker.counters().events(QueryCounters.Event.TRUNCATED)).isEqualTo(1);
    }

    @Test
    void whatNoTransportCarriesIsAFailure() {
        StringBuilder zone = new StringBuilder("$TTL 1\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n");
        String text = "x".repeat(250);
        for (int i = 0; i < 300; i++) {
            zone.append("huge TXT \"").append(i).append(text).append("\"\n");
        }
        Asker huge = Asker.of(Map.of("shop.example", zone.toString()));
        assertThat(huge.tcp(query("huge.shop.example.", Type.TXT)).getRcode()).isEqualTo(Rcode.SERVFAIL);
    }

    @Test
    void namesInAnswersAreCompressed() {
        byte[] octets = asker.datagram(query("sub.shop.example.", Type.A).toWire());
        assertThat(octets).isNotNull();
        assertThat(new String(octets, java.nio.charset.StandardCharsets.ISO_8859_1).split("shop", -1))
                .hasSize(2);
    }

    @Test
    void answersAreCounted() {
        asker.ask("www.shop.example.", Type.A);
        asker.ask("nothing.shop.example.", Type.A);
        asker.ask("nothing.shop.example.", Type.AAAA);
        assertThat(asker.counters().queries(ResponseCode.NOERROR)).isEqualTo(1);
        assertThat(asker.counters().queries(ResponseCode.NXDOMAIN)).isEqualTo(2);
        assertThat(asker.datagram(new byte[5])).isNull();
        assertThat(asker.counters().events(QueryCounters.Event.IGNORED)).isEqualTo(1);
    }
}
