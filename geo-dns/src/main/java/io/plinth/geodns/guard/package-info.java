/**
 * Who may have which answer: cookies, rate limits, proxies that speak for others.
 */
@NullMarked
package io.plinth.geodns.guard;

import org.jspecify.annotations.NullMarked;
