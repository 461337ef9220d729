// What nearly every C++ test needs, parsed once per build.
#pragma once

#include <gtest/gtest.h>

#include "base/precompiled.h"
