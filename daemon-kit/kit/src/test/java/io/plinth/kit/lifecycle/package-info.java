@NullMarked
package io.plinth.kit.lifecycle;

import org.jspecify.annotations.NullMarked;
