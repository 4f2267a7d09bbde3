package io.plinth.lbproxy.balance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What failures lead to: retries within a budget, an open circuit, ejection. */
class FailureTest {
    private static final long SECOND = 1_000_000_000L;

    @Test
    void retriesAreAShareOfTheRequests() {
        RetryBudget budget = new RetryBudget(0.2, 0, 0);
        int retries = 0;
        for (int i = 0; i < 1_000; i++) {
            budget.requested();
            retries += budget.take(0) ? 1 : 0;
        }
        assertThat(retries).isBetween(199, 200);
    }

    @Test
    void someRetriesASecondAreFreeAndTheyDoNotPileUp() {
        RetryBudget budget = new RetryBudget(0, 2, 0);
        assertThat(taken(budget, 0)).isEqualTo(2);
        assertThat(taken(budget, SECOND)).isEqualTo(2);
        assertThat(taken(budget, 1_000 * SECOND)).isEqualTo(20);
    }

    private static int taken(RetryBudget budget, long now) {
        int count = 0;
        while (budget.take(now)) {
            count++;
        }
        return count;
    }

    private static CircuitBreaker breaker() {
        return new CircuitBreaker(new CircuitBreaker.Settings(50, 20, 10 * SECOND, 5 * SECOND, 3));
    }

    @Test
    void aCircuitOpensForManyFailuresButNotForFewRequests() {
        CircuitBreaker breaker = breaker();
        breaker.sweep(0, 0, 0);
        breaker.sweep(SECOND, 19, 19);
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.CLOSED);
        breaker.sweep(2 * SECOND, 40, 20);
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.OPEN);
        assertThat(breaker.allows()).isFalse();
    }

    @Test
    void onlyTheWindowCounts() {
        CircuitBreaker breaker = breaker();
        breaker.sweep(0, 0, 0);
        for (int second = 1; second <= 60; second++) {
            breaker.sweep(second * SECOND, second, second);
        }
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.CLOSED);
    }

    @Test
    void afterAWhileSomeTryAndDecide() {
        CircuitBreaker breaker = breaker();
        breaker.sweep(0, 0, 0);
        breaker.sweep(SECOND, 20, 20);
        breaker.sweep(5 * SECOND, 20, 20);
        assertThat(breaker.allows()).isFalse();
        breaker.sweep(6 * SECOND, 20, 20);
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.HALF_OPEN);
        for (int i = 0; i < 3; i++) {
            assertThat(breaker.allows()).isTrue();
        }
        assertThat(breaker.allows()).isFalse();
        breaker.ended(6 * SECOND, false);
        breaker.ended(6 * SECOND, true);
        breaker.sweep(7 * SECOND, 22, 21);
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.OPEN);
        breaker.sweep(12 * SECOND, 23, 21);
        for (int i = 0; i < 3; i++) {
            breaker.ended(12 * SECOND, false);
        }
        breaker.sweep(13 * SECOND, 26, 21);
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.CLOSED);
        breaker.sweep(14 * SECOND, 27, 21);
        assertThat(breaker.allows()).isTrue();
    }

    @Test
    void whatWasSentBeforeTheTrialsSaysNothing() {
        CircuitBreaker breaker = breaker();
        breaker.sweep(0, 0, 0);
        breaker.sweep(SECOND, 20, 20);
        breaker.sweep(6 * SECOND, 20, 20);
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.HALF_OPEN);
        for (int i = 0; i < 10; i++) {
            breaker.ended(SECOND, i % 2 == 0);
        }
        breaker.sweep(7 * SECOND, 30, 25);
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.HALF_OPEN);
        for (int i = 0; i < 3; i++) {
            breaker.ended(6 * SECOND, false);
        }
        breaker.sweep(8 * SECOND, 33, 25);
        assertThat(breaker.state()).isEqualTo(CircuitBreaker.State.CLOSED);
    }

    @Test
    void trialsThatNeverEndAreReplaced() {
        CircuitBreaker breaker = breaker();
        breaker.sweep(0, 0, 0);
        breaker.sweep(SECOND, 20, 20);
        breaker.sweep(6 * SECOND, 20, 20);
        for (int i = 0; i < 3; i++) {
            assertThat(breaker.allows()).isTrue();
        }
        breaker.sweep(11 * SECOND, 20, 20);
        assertThat(breaker.allows()).isTrue();
    }

    @Test
    void theOneServerThatFailsMoreThanItsPeersIsAnOutlier() {
        long[] requests = {1_000, 1_000, 1_000, 1_000, 1_000, 50};
        assertThat(SuccessRates.outliers(requests, new long[] {10, 12, 400, 9, 11, 50}, 100, 1.9))
                .containsExactly(false, false, true, false, false, false);
        assertThat(SuccessRates.outliers(requests, new long[] {1, 2, 4, 1, 1, 0}, 100, 1.9))
                .containsOnly(false);
        assertThat(SuccessRates.outliers(new long[] {1_000, 1_000}, new long[] {0, 1_000}, 100, 0.5))
                .containsOnly(false);
    }
}
