@NullMarked
package io.plinth.postgres;

import org.jspecify.annotations.NullMarked;
