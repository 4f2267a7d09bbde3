/** Brings a plan up, watches it, and takes it down. */
@NullMarked
package io.plinth.deploy.start;

import org.jspecify.annotations.NullMarked;
