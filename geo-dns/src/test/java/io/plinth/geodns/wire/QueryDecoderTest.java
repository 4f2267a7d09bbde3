package io.plinth.geodns.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QueryDecoderTest {
    /** www.shop.example. A IN */
    private static final String QUESTION = "03777777 0473686f70 076578616d706c65 00 0001 0001";

    private final QueryDecoder decoder = new QueryDecoder();

    /** Null where it is ignored. */
    private @Nullable Query decode(String hex) {
        byte[] message = HexFormat.of().parseHex("ff" + hex.replace(" ", ""));
        Query query = new Query();
        return decoder.decode(message, 1, message.length - 1, query) ? query : null;
    }

    private Query decoded(String hex) {
        Query query = Objects.requireNonNull(decode(hex));
        assertThat(query.error()).isEqualTo(ResponseCode.NOERROR);
        return query;
    }

    private static String header(int questions, int additionals) {
        return "1234 0100 000" + questions + " 0000 0000 000" + additionals + " ";
    }

    private static String opt(String options) {
        int length = options.replace(" ", "").length() / 2;
        return " 00 0029 1000 00 00 8000 %04x ".formatted(length) + options;
    }

    private Query assertFormatError(String hex) {
        Query query = Objects.requireNonNull(decode(hex));
        assertThat(query.id()).isEqualTo(0x1234);
        assertThat(query.error()).isEqualTo(ResponseCode.FORMERR);
        return query;
    }

    @Test
    void aPlainQueryIsReadWithItsCase() {
        Query query = decoded(header(1, 0) + QUESTION.replace("777777", "775777"));
        assertThat(query.id()).isEqualTo(0x1234);
        assertThat(query.toName().toString()).isEqualTo("wWw.shop.example.");
        assertThat(query.type()).isEqualTo(RecordType.A);
        assertThat(query.edns()).isFalse();
        Name same = Name.parse("www.shop.example");
        assertThat(query.hash(0)).isEqualTo(same.hash(0));
        assertThat(query.hash(2)).isEqualTo(Name.parse("EXAMPLE").hash(0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1234", "1234 0100 0001 0000 0000 00", "1234 8100 0001 0000 0000 0000"})
    void whatIsTooShortOrAResponseIsIgnored(String hex) {
        assertThat(decode(hex)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"2800", "1000", "7900", "0800"})
    void otherOpcodesAreNotImplemented(String flags) {
        assertThat(Objects.requireNonNull(decode("1234 " + flags + " 0001 0000 0000 0000 " + QUESTION))
                        .error())
                .isEqualTo(ResponseCode.NOTIMP);
    }

    @Test
    void anotherNumberOfQuestionsThanOneIsMalformed() {
        assertFormatError(header(0, 0));
        assertFormatError(header(2, 0) + QUESTION + QUESTION);
    }

    @Test
    void everyCutOfAQueryIsMalformed() {
        String whole = (header(1, 1) + QUESTION + opt("0008 0007 0001 18 00 c00002")).replace(" ", "");
        decoded(whole);
        for (int end = 24; end < whole.length(); end += 2) {
            assertFormatError(whole.substring(0, end));
        }
        assertFormatError(whole + "00");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "c00c 0001 0001", // a pointer, to itself
                "40" + "0001 0001 0001", // an extended label type
                "80" + "0001 0001 0001",
                "03777777 00 0001", // no class
                "03777777 00 0029 0001", // OPT asked for
                "03777777 00 0000 0001", // type 0
                "03777777 00 00fa 0001" // TSIG asked for
            })
    void questionsThatCannotBeAreMalformed(String question) {
        assertFormatError(header(1, 0) + question);
    }

    @Test
    void aNameOf256OctetsIsMalformedAndOneOf255IsNot() {
        String label = "3f" + "61".repeat(63);
        assertFormatError(header(1, 0) + label.repeat(3) + "3e" + "61".repeat(62) + "00 0001 0001");
        decoded(header(1, 0) + label.repeat(3) + "3d" + "61".repeat(61) + "00 0001 0001");
    }

    @ParameterizedTest
    @ValueSource(ints = {0x40, 0x7F, 0x80, 0xC0})
    void aLabelThatSaysItIsLongerThan63OctetsIsMalformedEvenIfTheyAreThere(int length) {
        assertFormatError(header(1, 0) + "%02x".formatted(length) + "61".repeat(length) + "00 0001 0001");
    }

    @Test
    void ednsIsRead() {
        Query query = decoded(header(1, 1) + QUESTION + opt("000a 0008 0102030405060708 0003 0000"));
        assertThat(query.edns()).isTrue();
        assertThat(query.payloadSize()).isEqualTo(4096);
        assertThat(query.dnssecOk()).isTrue();
        assertThat(query.subnetFamily()).isEqualTo(Query.NO_SUBNET);
        assertThat(query.cookieLength()).isEqualTo(8);
        assertThat(query.nsid()).isTrue();
    }

    @Test
    void optionsOfAnotherVersionAreNotRead() {
        assertThat(decoded(header(1, 1) + QUESTION + " 00 0029 1000 00 01 0000 0002 ffff")
                        .version())
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "000a 0000", // no client cookie
                "000a 0007 01020304050607", // half a client cookie
                "000a 000f 010203040506070801020304050607", // half a server cookie
                "000a 0029 0102030405060708010203040506070801020304050607080102030405060708010203040506070809"
            })
    void cookiesOfImpossibleLengthsAreFormatErrors(String option) {
        assertThat(assertFormatError(header(1, 1) + QUESTION + opt(option)).cookieLength())
                .isZero();
    }

    @Test
    void twoOptRecordsOrOneBelowANameAreMalformed() {
        assertFormatError(header(1, 2) + QUESTION + opt("") + opt(""));
        assertFormatError(header(1, 1) + QUESTION + " 0161" + opt(""));
    }

    @ParameterizedTest
    @CsvSource({
        "0008 0007 0001 18 00 c00002, 1, 24, c0000200",
        "0008 0004 0001 00 00, 1, 0, 00000000",
        "0008 0004 0000 00 00, 0, 0, ''",
        "0008 0008 0001 20 00 c0000201, 1, 32, c0000201",
        "0008 0006 0001 0f 00 c000, 1, 15, c0000000",
        "0008 000b 0002 38 00 20010db8000001, 2, 56, 20010db8000001000000000000000000"
    })
    void clientSubnetsAreRead(String option, int family, int prefix, String address) {
        Query query = decoded(header(1, 1) + QUESTION + opt(option));
        assertThat(query.subnetFamily()).isEqualTo(family);
        assertThat(query.subnetPrefix()).isEqualTo(prefix);
        byte[] source = new byte[4];
        assertThat(HexFormat.of().formatHex(query.client(source))).isEqualTo(prefix == 0 ? "00000000" : address);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0008 0007 0003 18 00 c00002", // a family that is none
                "0008 0006 0001 18 00 c000", // an octet too few
                "0008 0008 0001 18 00 c0000200", // an octet too many
                "0008 0007 0001 18 18 c00002", // a scope in a query
                "0008 0009 0001 21 00 c000020100", // more bits than an address has
                "0008 0007 0001 17 00 c00003", // a bit beyond the prefix
                "0008 0003 0001 18", // no room for its head
                "0008 0004 0000 08 00", // a prefix of no family
                "0008 0007 0001 18 00 c00002 0008 0007 0001 18 00 c00002", // twice
                "0008 0008 0001 18 00 c00002" // a length beyond the record
            })
    void malformedClientSubnetsAreFormatErrorsWithOpt(String option) {
        Query query = assertFormatError(header(1, 1) + QUESTION + opt(option));
        assertThat(query.edns()).isTrue();
        assertThat(query.hasQuestion()).isTrue();
        assertThat(query.subnetFamily()).isEqualTo(Query.NO_SUBNET);
    }
}
