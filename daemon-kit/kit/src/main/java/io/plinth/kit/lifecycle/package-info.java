/**
 * One node's life: start, ready, reload, drain, stop; systemd notify and OS checks.
 */
@NullMarked
package io.plinth.kit.lifecycle;

import org.jspecify.annotations.NullMarked;
