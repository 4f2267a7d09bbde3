package io.plinth.dbproxy.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SqlLexerTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "SELECT 1~SELECT|1",
                "a--b~a",
                "a/* x /* y */ z */b~a|b",
                "'it''s'~'it''s'",
                "E'a\\'b' c~E'a\\'b'|c",
                "'a\\' b~'a\\'|b",
                "\"a\"\"b\".c~\"a\"\"b\"|.|c",
                "U&\"d\\0061t\" x~U&\"d\\0061t\"|x",
                "U&'d' x~U&'d'|x",
                "$$a'b$$ c~$$a'b$$|c",
                "$t$a$$b$t$c~$t$a$$b$t$|c",
                "a$1$b~a$1$b",
                "$12::int8~$12|::|int8",
                "x=-1~x|=|-|1",
                "x=@-1~x|=@-|1",
                "1.5e+3,.5~1.5e+3|,|.5",
                "a=$1AND b~a|=|$1|AND|b",
                "1..2~1|.|.2",
                "x*/**/y~x|*|y",
                "B'01' X'ff'~B'01'|X'ff'",
                "größe=1~größe|=|1",
            })
    void cutsAsPostgresDoes(String sql, String tokens) {
        assertThat(String.join("|", lex(sql))).isEqualTo(tokens);
    }

    @ParameterizedTest
    @ValueSource(strings = {"'a", "\"a", "$$a", "$t$ $$", "/* /* */", "E'a\\'", "U&'x"})
    void whatDoesNotEndIsNotCut(String sql) {
        assertThat(SqlLexer.lex(sql.getBytes(StandardCharsets.UTF_8), 100)).isNull();
    }

    @Test
    void aLiteralGoesOnAfterALineBreakWithTheRulesItBeganWith() {
        assertThat(lex("E'a'\n 'b\\'c' d")).containsExactly("E'a'\n 'b\\'c'", "d");
        assertThat(lex("'a' -- why\n 'b' d")).hasSize(2);
        assertThat(lex("'a' 'b' d")).hasSize(3);
    }

    @Test
    void tokensAreLimited() {
        assertThat(SqlLexer.lex("1 2 3 4".getBytes(StandardCharsets.UTF_8), 3)).isNull();
    }

    @Test
    void everyByteIsCoveredInOrderWhateverTheInput() {
        Random random = new Random(1);
        String alphabet = "ae$'\"/*-;()\\ \nEU&.:=1";
        for (int round = 0; round < 20_000; round++) {
            byte[] sql = new byte[random.nextInt(24)];
            for (int i = 0; i < sql.length; i++) {
                sql[i] = random.nextInt(20) == 0
                        ? (byte) (1 + random.nextInt(255))
                        : (byte) alphabet.charAt(random.nextInt(alphabet.length()));
            }
            SqlTokens tokens = SqlLexer.lex(sql, 100);
            int end = 0;
            for (int i = 0; tokens != null && i < tokens.count(); i++) {
                assertThat(tokens.start(i)).isGreaterThanOrEqualTo(end);
                assertThat(tokens.end(i)).isGreaterThan(tokens.start(i)).isLessThanOrEqualTo(sql.length);
                end = tokens.end(i);
            }
        }
    }

    private static List<String> lex(String sql) {
        SqlTokens tokens = SqlLexer.lex(sql.getBytes(StandardCharsets.UTF_8), 100);
        List<String> texts = new ArrayList<>();
        for (int i = 0; tokens != null && i < tokens.count(); i++) {
            texts.add(tokens.text(i));
        }
        return texts;
    }
}
