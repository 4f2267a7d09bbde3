/**
 * Places as members of a sorted set, whose scores are 52-bit geohashes.
 */
@NullMarked
package io.plinth.kvcache.command.geo;

import org.jspecify.annotations.NullMarked;
