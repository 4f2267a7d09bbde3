package io.plinth.lbproxy.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LimitTest {
    private static final long SECOND = 1_000_000_000L;

    private static int taken(RateLimiter limiter, long key, long now) {
        int count = 0;
        while (limiter.take(key, now) == 0) {
            count++;
        }
        return count;
    }

    @Test
    void aBurstThenTheRate() {
        RateLimiter limiter = new RateLimiter(10, SECOND, 5, 64, -77);
        long now = 3 * SECOND;
        assertThat(taken(limiter, 1, now)).isEqualTo(5);
        assertThat(limiter.take(1, now)).isEqualTo(SECOND / 10);
        assertThat(taken(limiter, 1, now + SECOND / 10)).isEqualTo(1);
        assertThat(taken(limiter, 1, now + SECOND)).isEqualTo(5);
        assertThat(taken(limiter, 2, now + SECOND)).isEqualTo(5);
    }

    @Test
    void overAnyLongTimeTheRateHolds() {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        RateLimiter limiter = new RateLimiter(100, SECOND, 20, 1024, 0);
        long now = 0;
        int count = 0;
        while (now < 60 * SECOND) {
            now += random.nextLong(2_000_000);
            count += limiter.take(42, now) == 0 ? 1 : 0;
        }
        assertThat(count).as("seed %d", seed).isBetween(5_990, 6_020);
    }

    @Test
    void theTableStaysAsSmallAsItIsAndForgetsThoseAtRest() {
        RateLimiter limiter = new RateLimiter(1, SECOND, 1, 64, 0);
        assertThat(limiter.take(7, SECOND)).isZero();
        for (int key = 100; key < 100_000; key++) {
            assertThat(limiter.take(key, 10 * SECOND + key)).isZero();
        }
    }

    @Test
    void anAddressHasItsOwnCount() throws Exception {
        AddressLimit limit = new AddressLimit(2);
        InetAddress one = InetAddress.getByName("10.0.0.1");
        InetAddress two = InetAddress.getByName("10.0.0.2");
        assertThat(limit.enter(one)).isTrue();
        assertThat(limit.enter(one)).isTrue();
        assertThat(limit.enter(one)).isFalse();
        assertThat(limit.enter(two)).isTrue();
        assertThat(limit.refused()).isEqualTo(1);
        limit.leave(one);
        assertThat(limit.enter(one)).isTrue();
        limit.leave(one);
        limit.leave(one);
        limit.leave(two);
        assertThat(limit.addresses()).isZero();
    }
}
