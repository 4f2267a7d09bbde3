/**
 * What the tests of at least two modules need: checks that every test runs under, split feeding of decoders, things
 * that break on purpose (network, disk), a simulator, a history checker and the architecture rules.
 */
@NullMarked
package io.plinth.testkit;

import org.jspecify.annotations.NullMarked;
