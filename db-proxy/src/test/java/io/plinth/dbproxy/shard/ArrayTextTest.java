package io.plinth.dbproxy.shard;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ArrayTextTest {
    @Test
    void elementsAreReadAsPostgresReadsThem() {
        assertThat(ArrayText.elements("{}")).isEmpty();
        assertThat(ArrayText.elements(" { } ")).isEmpty();
        assertThat(ArrayText.elements("{1,2, 3 }")).containsExactly("1", "2", "3");
        assertThat(ArrayText.elements("{NULL,\"NULL\",null}")).containsExactly(null, "NULL", null);
        assertThat(ArrayText.elements("{\"a,b\", \"c\\\"d\" ,e\\,f,\"\"}")).containsExactly("a,b", "c\"d", "e,f", "");
    }

    @Test
    void whatIsNotSurelyAnArrayOfOneDimensionIsNone() {
        for (String text : new String[] {
            "", "{", "1,2", "{1,2", "{{1},{2}}", "{1,}", "{,1}", "{a\"b}", "{\"a\"b}", "{\"a}", "[0:1]={1,2}"
        }) {
            assertThat(ArrayText.elements(text)).as(text).isNull();
        }
    }
}
