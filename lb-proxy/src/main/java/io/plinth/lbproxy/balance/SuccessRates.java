package io.plinth.lbproxy.balance;

import java.util.Arrays;

/** Which servers succeed much less often than the others. Plain computation. */
public final class SuccessRates {
    private static final int FEWEST = 5;

    private SuccessRates() {}

    /**
     * Whether each server is an outlier.
     *
     * @param requests that ended, by server
     * @param failures of them, by server
     * @param minRequests a server with fewer does not count, nor is it one
     * @param deviations how many standard deviations below the mean is too low
     */
    public static boolean[] outliers(long[] requests, long[] failures, int minRequests, double deviations) {
        boolean[] outliers = new boolean[requests.length];
        double[] rates = new double[requests.length];
        int counted = 0;
        double sum = 0;
        for (int i = 0; i < rates.length; i++) {
            rates[i] = requests[i] < minRequests ? Double.NaN : 1.0 - (double) failures[i] / requests[i];
            if (requests[i] >= minRequests) {
                counted++;
                sum += rates[i];
            }
        }
        if (counted < FEWEST) {
            return outliers;
        }
        double mean = sum / counted;
        double variance = Arrays.stream(rates)
                        .filter(rate -> !Double.isNaN(rate))
                        .map(rate -> (rate - mean) * (rate - mean))
                        .sum()
                / counted;
        double least = mean - deviations * Math.sqrt(variance);
        for (int i = 0; i < rates.length; i++) {
            // Among servers that are all but equal the deviation is too small to mean anything.
            outliers[i] = rates[i] < least && mean - rates[i] > 0.05;
        }
        return outliers;
    }
}
